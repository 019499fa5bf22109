"""Station one: which files there are, and which of them this run may change.

In a repository the list is git's own (tracked files, and untracked ones that git does not ignore); elsewhere the
directory tree, less what ``.gitignore`` files name and what is never a project's own code. Symbolic links, submodules
and nested repositories are left alone: what they point to is listed where it lives, or belongs to somebody else.
"""

from __future__ import annotations

from rewire.discover.selection import Discovered, discover

__all__ = ["Discovered", "discover"]
