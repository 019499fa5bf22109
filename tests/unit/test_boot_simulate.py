"""What the static boot says where no small program can show it: images, servers, later failures, conditions, cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.project.boot.load import boot, loadings
from rewire.project.boot.program import Program
from rewire.project.boot.simulate import Simulator
from rewire.project.launch.read import read_launches
from tests.support.launch_projects import FolderProject
from tests.support.real_boots import write_files

if TYPE_CHECKING:
    from rewire.project.boot.outcome import Boot


def booted(root: Path, text: str, *commands: str) -> Boot:
    """The boot of the first context of a project written as ``== path`` sections."""
    write_files(root, text)
    project = FolderProject(root)
    return Simulator(project).boot(read_launches(project, launch_arguments=commands)[0])


def messages(boot: Boot) -> list[tuple[str, int, str]]:
    return [(one.path, one.line, one.message) for one in boot.failures]


def test_an_image_without_the_folders_name_cannot_import_it(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== Dockerfile\nFROM python\nWORKDIR /app\nCOPY backend/ .\nCMD uvicorn main:app\n"
        "== backend/main.py\nfrom backend.db import x\napp = 1\n== backend/db.py\nx = 1\n",
    )
    assert messages(boot) == [("backend/main.py", 1, "ModuleNotFoundError: No module named 'backend'")]


def test_an_image_holds_only_what_was_copied(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== Dockerfile\nFROM python\nWORKDIR /app\nCOPY backend backend\nCMD uvicorn backend.main:app\n"
        "== backend/main.py\nimport shared.util\napp = 1\n== shared/util.py\n",
    )
    assert messages(boot) == [("backend/main.py", 1, "ModuleNotFoundError: No module named 'shared'")]


def test_an_image_lacks_what_dockerignore_names(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== Dockerfile\nFROM python\nWORKDIR /app\nCOPY . .\nCMD uvicorn app.main:app\n"
        "== .dockerignore\napp/secrets.py\n"
        "== app/main.py\nfrom app.secrets import key\napp = 1\n== app/secrets.py\nkey = 1\n",
    )
    assert messages(boot) == [("app/main.py", 1, "ModuleNotFoundError: No module named 'app.secrets'")]


def test_absolute_sys_path_edits_mean_places_of_the_image(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== Dockerfile\nFROM python\nWORKDIR /srv\nCOPY . .\nCMD python jobs/run.py\n"
        "== jobs/run.py\nimport sys\nsys.path.insert(0, '/srv/backend')\nimport db\n"
        "== backend/db.py\n",
    )
    assert boot.boots
    assert boot.path_edits[0].added == ("backend",)


def test_messages_name_the_files_of_the_image(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== Dockerfile\nFROM python\nWORKDIR /srv\nCOPY app /srv/app\nCMD uvicorn app.main:app\n"
        "== app/main.py\nfrom app.db import nothing\n== app/db.py\n",
    )
    assert boot.failures[0].text == "cannot import name 'nothing' from 'app.db' (/srv/app/db.py)"


def test_a_servers_own_modules_are_not_hidden(tmp_path: Path) -> None:
    files = "== main.py\nfrom logging import getLogger\napp = 1\n== logging.py\nmine = 1\n"
    assert booted(tmp_path, files, "uvicorn main:app").boots
    assert not booted(tmp_path, files, "python main.py").boots
    assert not booted(tmp_path, files, "python -m uvicorn main:app").boots


def test_what_fails_later_does_not_fail_the_start(tmp_path: Path) -> None:
    boot = booted(tmp_path, "== main.py\nimport a\ndef f():\n    import a.b\n== a.py\n", "python main.py")
    assert boot.boots
    assert [(one.path, one.line, one.message) for one in boot.later] == [
        ("main.py", 3, "ModuleNotFoundError: No module named 'a.b'; 'a' is not a package")
    ]


def test_a_file_that_a_function_loads_is_loaded_later(tmp_path: Path) -> None:
    write_files(tmp_path, "== main.py\nimport a\ndef f():\n    import b\n== a.py\n== b.py\nimport c\n== c.py\n")
    project = FolderProject(tmp_path)
    (launch,) = read_launches(project, launch_arguments=["python main.py"])
    assert [(one.path, one.name) for one in loadings(project, [launch])] == [
        ("main.py", "__main__"), ("a.py", "a"), ("b.py", "b"), ("c.py", "c"),
    ]  # fmt: skip
    assert [one.later for one in Simulator(project).boot(launch).loaded] == [False, False, True, True]


@pytest.mark.parametrize("test", ["os.environ.get('X')", "flag", "os.path.exists('/etc/x') and call()"])
def test_a_condition_that_is_not_known_makes_a_failure_possible(tmp_path: Path, test: str) -> None:
    text = f"== main.py\nimport os\nflag = bool(os.environ)\nif {test}:\n    import pkg.no\nelse:\n    import pkg\n"
    boot = booted(tmp_path, text + "== pkg/__init__.py\n", "python main.py")
    assert boot.boots
    assert len(boot.possible) == (0 if "exists" in test else 1)


def test_libraries_are_taken_to_be_there(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== main.py\nfrom fastapi import FastAPI\nimport sqlalchemy.orm as o\napp = FastAPI()\n",
        "python main.py",
    )
    assert boot.boots


def test_a_declared_dependency_is_not_taken_for_a_folder_of_that_name(tmp_path: Path) -> None:
    files = "== main.py\nfrom redis import Redis\n== infra/redis/conf.py\n== requirements.txt\nredis==5\n"
    assert booted(tmp_path, files, "python main.py").boots


def test_functions_that_import_failing_modules_in_turn_come_to_an_end(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== main.py\ndef f():\n    import a\n== a.py\ndef g():\n    import b\nimport pkg.no\n"
        "== b.py\ndef h():\n    import a\nimport pkg.no\n== pkg/__init__.py\n",
        "python main.py",
    )
    assert boot.boots
    assert {one.path for one in boot.later} == {"a.py", "b.py"}


def test_steps_grow_with_the_number_of_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rewire.project.boot.run import Run

    def steps(count: int) -> int:
        root = tmp_path / str(count)
        rest = "import last\nlast = 1\ndef f():\n    import pkg.m0\n"
        parts = ["== main.py\n", *(f"import pkg.m{i}\n" for i in range(count)), "== pkg/__init__.py\n"]
        parts += [f"== pkg/m{i}.py\n" + (f"from pkg.m{i - 1} {rest}" if i else "last = 1\n") for i in range(count)]
        seen = 0
        block = Run.block

        def counted(self: Run, ops, scope):  # type: ignore[no-untyped-def]
            nonlocal seen
            seen += len(ops)
            return block(self, ops, scope)

        monkeypatch.setattr(Run, "block", counted)
        assert booted(root, "".join(parts), "python main.py").boots
        monkeypatch.setattr(Run, "block", block)
        return seen

    assert steps(400) <= 4.1 * steps(100)


@pytest.mark.parametrize("name", ["_fast.cpython-311-x86_64-linux-gnu.so", "_fast.pyd", "_fast.pyi", "_fast.pyx"])
def test_a_compiled_module_is_there_and_has_every_name(tmp_path: Path, name: str) -> None:
    files = f"== main.py\nfrom pkg import _fast\nfrom pkg._fast import a, b\n== pkg/__init__.py\n== pkg/{name}\n"
    assert booted(tmp_path, files, "python main.py").boots


ANNOTATED = (
    "== main.py\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app.core import Core\n"
    "core: Core = None\ndef run(core: Core) -> Core: ...\n== app/core.py\nclass Core: ...\n"
)


@pytest.mark.parametrize(
    ("said", "boots"),
    [
        ('== pyproject.toml\n[project]\nrequires-python = ">=3.14,<4"\n', True),
        ('== pyproject.toml\n[tool.poetry.dependencies]\npython = "^3.14"\n', True),
        ("== .python-version\n3.14.1\n", True),
        ("== Dockerfile\nFROM docker.io/python:3.14-slim\n", True),
        ('== pyproject.toml\n[project]\nrequires-python = ">=3.9,!=3.14"\n', False),
        ("== Dockerfile\nFROM python:3.12\n", False),
    ],
)
def test_annotations_are_evaluated_up_to_the_python_that_no_longer_does(tmp_path: Path, said: str, boots: bool) -> None:
    write_files(tmp_path, said + ANNOTATED)
    project = FolderProject(tmp_path)
    (launch,) = read_launches(project, launch_arguments=["python main.py"])
    version = None if boots else (3, 13)
    assert Simulator(project, version).boot(launch).boots is boots


def test_what_a_function_raises_by_itself_is_no_failing_import(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== main.py\nimport app.lazy\nCLIENT: object\nclient = None\n"
        "def __getattr__(name):\n    raise AttributeError(f'no {name}')\n"
        "def connect():\n    global CLIENT\n    CLIENT = 1\n"
        "def use():\n    return client.get, app.lazy.client.get\n"
        "def need():\n    try:\n        import app.missing\n    except ImportError:\n"
        "        raise ImportError('it is missing')\n"
        "== app/lazy.py\ndef connect():\n    global client\n    client = 1\n== app/other.py\n",
        "python main.py",
    )
    assert boot.boots
    assert [(one.line, one.kind) for one in boot.later] == [(15, "ImportError")]


def test_newer_syntax_beside_joined_texts_is_read(tmp_path: Path) -> None:
    boot = booted(
        tmp_path,
        "== main.py\nimport app.core\ndef first[T](values: list[T]) -> T:\n    return (\n"
        "        f'one {app.core.value} '\n        'two '\n        f\"three {'four'}\"\n    )\n"
        "try:\n    pass\nexcept ValueError, TypeError:\n    pass\nfrom app.core import nothing\n"
        "== app/core.py\nvalue = 1\n",
        "python main.py",
    )
    assert [(line, text.partition(" (")[0]) for _, line, text in messages(boot)] == [
        (12, "ImportError: cannot import name 'nothing' from 'app.core'")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "== app/clients/redis.py\nimport redis\n== app/main.py\nimport app.clients.redis\n",
        "== app/redis/client.py\nfrom redis import Redis\n== app/main.py\nimport app.redis.client\n",
        "== app/redis/client.py\nimport redis\n== app/redis/__init__.py\n== app/main.py\nimport app.redis.client\n",
        "== app/main.py\nfrom app._version import version\n== pyproject.toml\n[tool.hatch.build.hooks.vcs]\n"
        'version-file = "app/_version.py"\n',
        "== app/main.py\nfrom app.proto.shop_pb2 import Shop\n== app/proto/.gitignore\nshop_pb2.py\n",
        "== app/main.py\nfrom app.proto.shop_pb2 import Shop\n== app/proto/__init__.py\n== .gitignore\n*.so\n"
        "app/proto/shop_pb2.py\n",
        "== app/main.py\ndef listed(value):\n    if value:\n        return [value]\n"
        "names = listed(1)\nnames.append(2)\n",
    ],
)
def test_what_is_there_once_it_is_installed_or_built_is_not_missed(tmp_path: Path, text: str) -> None:
    assert messages(booted(tmp_path, "== app/__init__.py\n" + text, "python -m app.main")) == []


@pytest.mark.parametrize(
    "text",
    [
        "== redis/client.py\nfrom redis.pool import Pool\n== redis/pool.py\nPool = 1\n",
        "== app/redis/client.py\nfrom redis.pool import Pool\n== app/redis/pool.py\nPool = 1\n",
        "== other/redis.py\n== app/client.py\nimport redis\n",
    ],
)
def test_what_only_another_start_finds_is_missed_as_before(tmp_path: Path, text: str) -> None:
    script = "redis/client.py" if text.startswith("== redis") else "client.py"
    folder = "app/redis" if "app/redis" in text else "app" if "app/" in text else "."
    boot = booted(tmp_path, text, f"cd {folder} && python {script}")
    assert [one.kind for one in boot.failures] == ["ModuleNotFoundError"]


PROGRAMS = Path(__file__).parents[1] / "fixtures" / "launch" / "programs"


@pytest.mark.parametrize("case", sorted(PROGRAMS.glob("*.txt")), ids=lambda path: path.stem)
def test_what_a_launch_loads_does_not_hang_on_functions_that_load_nothing(case: Path, tmp_path: Path) -> None:
    commands, _, body = case.read_text().partition("\n== ")
    write_files(tmp_path, "== " + body)
    project = FolderProject(tmp_path)
    simulator = Simulator(project)
    words = [line[2:] for line in commands.splitlines() if line.startswith("$ ")]
    for launch in read_launches(project, launch_arguments=words):
        everything, loads = simulator.boot(launch), simulator.boot(launch, loads_only=True)
        assert loads.loaded == everything.loaded


def test_functions_that_load_by_other_means_than_an_import_are_carried_out(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        "== main.py\nimport importlib\nimport state\nimport loaders\n"
        "def one():\n    importlib.import_module('first')\n"
        "== loaders.py\nimport state\n"
        "def two():\n    def inner():\n        import second\n    return inner\n"
        "def three():\n    state.flag = True\n"
        "def four():\n    global flag\n    flag = True\n"
        "== state.py\nflag = False\n== first.py\n== second.py\n== third.py\n",
    )
    project = FolderProject(tmp_path)
    (launch,) = read_launches(project, launch_arguments=["python main.py"])
    simulator = Simulator(project)
    loaded = {one.path for one in simulator.boot(launch, loads_only=True).loaded}
    assert loaded == {"main.py", "state.py", "loaders.py", "first.py", "second.py"}
    program = simulator.program("loaders.py")
    assert isinstance(program, Program)
    assert [define.name for define in program.functions if not (define.acts or define.imports)] == []


def test_two_launches_of_one_script_are_one_start(tmp_path: Path) -> None:
    write_files(tmp_path, "== a.sh\npython job.py --fast\n== b.sh\npython job.py\n== job.py\nimport tool\n== tool.py\n")
    project = FolderProject(tmp_path)
    launches = read_launches(project)
    assert len({one.command for one in launches}) > 1
    assert len({id(boot(project, launch)) for launch in launches}) == 1
    assert [loading.launch for launch in launches for loading in loadings(project, [launch])] == [
        launch for launch in launches for _ in range(2)
    ]
