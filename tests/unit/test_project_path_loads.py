"""Files that code loads by their path: found from the text, and held against what Python does when it runs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex

if TYPE_CHECKING:
    from pathlib import Path

TELLS = "print('loaded', __file__ if '__file__' in globals() else __name__, globals().get('__package__') or '-')\n"
"""What each plugin prints when it is loaded: its file, and its parent package if it has one."""

EXECUTED = "print('loaded', 'app/version.py', globals().get('__package__') or '-')\nversion = '1'\n"

LOADERS: dict[str, tuple[dict[str, str], set[str]]] = {
    "a function in another file, with the file and the folder as arguments": (
        {
            "app/tools.py": (
                "import importlib.util\nfrom os.path import join, splitext\n\n"
                "def load(file, folder):\n    where = join(folder, file)\n"
                "    spec = importlib.util.spec_from_file_location(splitext(file)[0], where)\n"
                "    spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
            ),
            "app/main.py": (
                "from os.path import dirname, realpath\nfrom app.tools import load\n"
                "HERE = dirname(realpath(__file__)) + '/plug'\n"
                "for name in ('one', 'two'):\n    load(name + '.py', HERE)\n"
            ),
            "app/plug/__init__.py": "",
            "app/plug/one.py": TELLS,
            "app/plug/two.py": TELLS,
            "app/other/three.py": TELLS,
        },
        {"app/plug/one.py", "app/plug/two.py"},
    ),
    "a class whose heirs name the folder": (
        {
            "app/base.py": (
                "import importlib.util\n\nclass Resolver:\n    folder = None\n\n"
                "    @classmethod\n    def places(cls):\n        found = []\n        if cls.folder:\n"
                "            found.append(cls.folder)\n        return found\n\n"
                "    @classmethod\n    def read(cls, entry):\n"
                "        spec = importlib.util.spec_from_file_location(entry.stem or '', str(entry))\n"
                "        spec.loader.exec_module(importlib.util.module_from_spec(spec))\n\n"
                "    @classmethod\n    def everything(cls):\n        for place in cls.places():\n"
                "            for entry in sorted(place.iterdir()):\n                if entry.suffix == '.py':\n"
                "                    cls.read(entry.resolve())\n"
            ),
            "app/main.py": (
                "from pathlib import Path\nfrom app.base import Resolver\n\n"
                "class Rules(Resolver):\n    folder = Path(__file__).resolve().parent.joinpath('rules')\n\n"
                "Rules.everything()\n"
            ),
            "app/rules/one.py": TELLS,
            "app/else/two.py": TELLS,
        },
        {"app/rules/one.py"},
    ),
    "a file named in each folder": (
        {
            "app/main.py": (
                "from importlib.machinery import SourceFileLoader\nfrom pathlib import Path\n"
                "for place in sorted((Path(__file__).parent / 'packs').iterdir()):\n"
                "    loader = SourceFileLoader(place.name, str(place / 'pack.py'))\n    loader.load_module()\n"
            ),
            "app/packs/blue/pack.py": TELLS,
            "app/packs/blue/tone.py": TELLS,
        },
        {"app/packs/blue/pack.py"},
    ),
    "a script that is run by its path": (
        {
            "app/main.py": "import runpy\nrunpy.run_path('app/jobs/daily.py')\n",
            "app/jobs/daily.py": TELLS,
            "app/jobs/weekly.py": TELLS,
        },
        {"app/jobs/daily.py"},
    ),
    "text that is executed": (
        {
            "app/main.py": (
                "import os\nabout = {}\nwith open(os.path.join(os.path.dirname(__file__), 'version.py')) as file:\n"
                "    exec(compile(file.read(), 'version', 'exec'), about)\n"
            ),
            "app/version.py": EXECUTED,
        },
        {"app/version.py"},
    ),
    "pathlib's text that is executed": (
        {
            "app/main.py": (
                "from pathlib import Path\nsource = Path(__file__).with_name('version.py').read_text()\n"
                "exec(source, {})\n"
            ),
            "app/version.py": EXECUTED,
        },
        {"app/version.py"},
    ),
    "pkgutil without a prefix": (
        {
            "app/main.py": (
                "import pkgutil\nimport app.plug\n"
                "for finder, name, _ in pkgutil.iter_modules(app.plug.__path__):\n"
                "    finder.find_spec(name).loader.load_module(name)\n"
            ),
            "app/plug/__init__.py": "",
            "app/plug/one.py": TELLS,
            "app/other/two.py": TELLS,
        },
        {"app/plug/one.py"},
    ),
    "under its own name": (
        {
            "app/main.py": (
                "import importlib.util\nfrom pathlib import Path\nfor name in ('one', 'two'):\n"
                "    spec = importlib.util.spec_from_file_location(f'app.plug.{name}', Path(__file__).parent / 'plug'"
                " / f'{name}.py')\n"
                "    spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
            ),
            "app/plug/__init__.py": "",
            "app/plug/one.py": TELLS,
            "app/plug/two.py": TELLS,
        },
        set(),
    ),
    "pkgutil with a prefix": (
        {
            "app/main.py": (
                "import importlib\nimport pkgutil\nfrom app import plug\n"
                "for _, name, _ in pkgutil.iter_modules(plug.__path__, plug.__name__ + '.'):\n"
                "    importlib.import_module(name)\n"
            ),
            "app/plug/__init__.py": "",
            "app/plug/one.py": TELLS,
        },
        set(),
    ),
    "from somewhere else": (
        {
            "app/main.py": (
                "import importlib.util\nimport os\npath = os.path.expanduser('~/.app/plugin.py')\n"
                "spec = importlib.util.spec_from_file_location('plugin', path)\nexec('print(1)')\n"
            ),
            "app/plugin.py": TELLS,
            "app/path.py": TELLS,
        },
        set(),
    ),
}


@pytest.fixture(params=sorted(LOADERS))
def program(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, set[str]]:
    files, expected = LOADERS[request.param]
    for path, text in {"app/__init__.py": "", **files}.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path, expected


def found_by_path(root: Path) -> set[str]:
    paths = tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py")))
    index = ProjectIndex(Workspace(root, paths))
    by_path = {path for path in paths for context in index.contexts(path) if context.launch and not context.package}
    return by_path - {"app/main.py"}


def test_each_file_that_is_loaded_by_its_path_is_found_and_no_other(program: tuple[Path, set[str]]) -> None:
    root, expected = program
    assert found_by_path(root) == expected


def test_python_gives_exactly_those_files_no_parent_package(program: tuple[Path, set[str]]) -> None:
    root, expected = program
    command = [sys.executable, "-W", "ignore", "-m", "app.main"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("loaded ")]
    told = {file.removeprefix(f"{root}/").removeprefix(f"{root.resolve()}/"): package for _, file, package in lines}
    assert {file for file, package in told.items() if package == "-"} == expected
