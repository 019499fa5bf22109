"""The codemods that ship with rewire: an ordinary plug-in package, found by its entry point like anyone else's."""
