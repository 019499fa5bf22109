"""What a file is for, by its name and its text: a test, a migration, the migration environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire_codemods.applications.reach import entry_path
from rewire_codemods.applications.strangers import strangers_to

if TYPE_CHECKING:
    from rewire.codemod import Project

_TEST_DIRECTORY = re.compile(r"(^|/)tests?/")
_TEST_NAME = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|conftest|tests)\.py$")
_BUILT = re.compile(
    r"^\w+\s*(?::[^=\n]+)?=\s*[\w.]*(?:create|make|get|build|init)\w*_app(?:lication)?\w*\(", re.MULTILINE
)
_MIGRATION = re.compile(r"(^|/)(versions|migrations/versions)/[^/]*\.py$")


def is_test(path: str) -> bool:
    """True for what pytest or unittest would collect, and for what lies beside it."""
    return bool(_TEST_NAME.search(path) or _TEST_DIRECTORY.search(path))


def holds_tests(path: str) -> bool:
    """True for a test module or a conftest, not for a plain module in a test folder."""
    return bool(_TEST_NAME.search(path))


def is_migration(path: str) -> bool:
    """True for one revision of a migration tool."""
    return bool(_MIGRATION.search(path))


def is_environment(path: str, text: str) -> bool:
    """True for alembic's ``env.py``."""
    return path.rpartition("/")[2] == "env.py" and "alembic" in text and "run_migrations" in text


def is_own(project: Project, path: str, text: str, application: bool) -> bool:
    """An engine of a test's, a migration's or a script's own is nobody else's business and stays as it is.

    A script is a file that nobody imports, under no name, and that has no application: it does not speak of one
    (``application``), does not have one built (``app = create_app()``), and no launch command serves one from it.
    """
    if is_test(path) or is_migration(path) or is_environment(path, text):
        return True
    if application or project.importers_of(path) or _BUILT.search(text):
        return False
    if strangers_to(project, path):
        return False
    return all(launch.role != "server" or entry_path(project, launch) != path for launch in project.launches)
