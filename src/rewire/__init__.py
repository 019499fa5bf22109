"""rewire: codemods for Python code bases, planned, verified and delivered as git commits.

Importing this package costs nothing: LibCST, rich and GitPython are imported where they are used.
"""

__version__ = "0.1.0"
