"""``rewire fleet``: the command, and what it orders."""
