"""How the project is started: launch contexts, read from the files that start it."""
