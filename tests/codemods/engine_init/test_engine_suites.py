"""Each project's own tests are green before and after, every test file in a process of its own.

In one process the lifespan that one file enters would hide the init_db that another file lacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from engine_projects import converted, files_of, finish, lay_out, start_tests, suite

if TYPE_CHECKING:
    from pathlib import Path

PROJECTS = [
    "alembic_project",
    "app_factory",
    "application_above_its_settings",
    "application_in_a_package_of_its_own",
    "async_on_event",
    "canonical",
    "clients_of_both_kinds",
    "engine_inside_the_factory",
    "environment_before_the_imports",
    "existing_lifespan",
    "fixtures_by_the_alphabet",
    "factory_elsewhere",
    "get_db_in_main",
    "init_db_taken_async",
    "jobs_beside_the_application",
    "maker_of_a_maker",
    "maker_of_another_module",
    "maker_of_another_module_async",
    "overridden_tests",
    "scripts_and_seeds",
    "sqlmodel_one_file",
    "tables_from_everywhere",
    "tables_in_the_factory",
    "tests_beside_an_entered_client",
    "wrapped_in_async_engine",
]


@pytest.mark.parametrize("project", PROJECTS)
def test_green_before_and_after(project: str, tmp_path: Path) -> None:
    trial = converted(project)
    assert trial.changed
    roots = (lay_out(tmp_path / "before", files_of(project)), lay_out(tmp_path / "after", trial.after))
    for path in suite(files_of(project)):
        started = [start_tests(root, path) for root in roots]  # both at once
        for root, process in zip(roots, started, strict=True):
            code, output = finish(process)
            assert code == 0, f"{project}, {root.name}, {path}:\n{output}"
