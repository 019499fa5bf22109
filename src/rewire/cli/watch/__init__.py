"""``rewire apply --watch``: a dry run that is made again whenever the project changes. Writes nothing, ever."""
