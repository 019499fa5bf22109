"""What a launch file starts decides whether an absolute import may become relative: a pair for each kind of file.

Both of a pair start the same module: by its path, with the root on ``PYTHONPATH``, where a relative import would end
the program, and by its dotted name, where it would not.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rewire.testing import rewrite

if TYPE_CHECKING:
    from pathlib import Path

SEED = "from shop.models import rows\n\nprint(rows)\n"
PROJECT = {"shop/__init__.py": "", "shop/models.py": "rows = 3\n", "shop/seed.py": SEED}
ROOT = {"PYTHONPATH": "."}


class Pair(NamedTuple):
    """A launch file's path, and its text with ``COMMAND`` for what it runs; the root is on ``PYTHONPATH`` in it."""

    path: str
    text: str


PAIRS = {
    "CircleCI": Pair(
        ".circleci/config.yml",
        "jobs:\n  a:\n    environment: {PYTHONPATH: .}\n    steps:\n      - checkout\n      - run: COMMAND\n",
    ),
    "Travis": Pair(".travis.yml", "env: PYTHONPATH=.\nscript:\n  - COMMAND\n"),
    "Azure Pipelines": Pair(
        "azure-pipelines.yml",
        "steps:\n  - script: COMMAND\n    workingDirectory: $(Build.SourcesDirectory)\n    env: {PYTHONPATH: .}\n",
    ),
    "Bitbucket": Pair(
        "bitbucket-pipelines.yml",
        "pipelines:\n  default:\n    - step:\n        script:\n          - export PYTHONPATH=.\n          - COMMAND\n",
    ),
    "Drone": Pair(
        ".drone.yml", "kind: pipeline\nenvironment: {PYTHONPATH: .}\nsteps:\n  - commands:\n      - COMMAND\n"
    ),
    "Woodpecker": Pair(
        ".woodpecker.yml", "steps:\n  seed:\n    environment: [PYTHONPATH=.]\n    commands:\n      - COMMAND\n"
    ),
    "AppVeyor": Pair("appveyor.yml", "environment: {PYTHONPATH: .}\ntest_script:\n  - COMMAND\n"),
    "CodeBuild": Pair(
        "buildspec.yml", "env:\n  variables: {PYTHONPATH: .}\nphases:\n  build:\n    commands:\n      - COMMAND\n"
    ),
    "Jenkins": Pair(
        "Jenkinsfile",
        "pipeline {\n  environment { PYTHONPATH = '.' }\n  stages { stage('a') { steps { sh 'COMMAND' } } }\n}\n",
    ),
    "pre-commit": Pair(
        ".pre-commit-config.yaml",
        "repos:\n  - repo: local\n    hooks:\n      - {id: a, language: system, entry: env PYTHONPATH=. COMMAND}\n",
    ),
    "Pipfile": Pair("Pipfile", '[scripts]\nseed = "env PYTHONPATH=. COMMAND"\n'),
    "pdm": Pair("pyproject.toml", '[tool.pdm.scripts]\n_.env = {PYTHONPATH = "."}\nseed = {cmd = "COMMAND"}\n'),
    "poe": Pair("pyproject.toml", '[tool.poe.env]\nPYTHONPATH = "."\n[tool.poe.tasks.seed]\nshell = "COMMAND"\n'),
    "taskipy": Pair("pyproject.toml", '[tool.taskipy.tasks]\nseed = "PYTHONPATH=. COMMAND"\n'),
    "hatch": Pair(
        "pyproject.toml",
        '[tool.hatch.envs.default.env-vars]\nPYTHONPATH = "."\n[tool.hatch.envs.a.scripts]\nseed = ["COMMAND"]\n',
    ),
    "pixi": Pair("pixi.toml", '[tasks]\nseed = {cmd = "COMMAND", env = {PYTHONPATH = "."}}\n'),
    "rye": Pair("pyproject.toml", '[tool.rye.scripts]\nseed = {cmd = "COMMAND", env = {PYTHONPATH = "."}}\n'),
    "tox.toml": Pair("tox.toml", 'env_run_base = {set_env = {PYTHONPATH = "."}, commands = [WORDS]}\n'),
    "tox in pyproject.toml": Pair(
        "pyproject.toml",
        '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\nsetenv =\n    PYTHONPATH = .\n'
        'commands =\n    py312: COMMAND\n"""\n',
    ),
    "nox": Pair(
        "noxfile.py",
        "import nox\n\n\n@nox.session\ndef seed(session):\n    session.run(BARE, env={'PYTHONPATH': '.'})\n",
    ),
    "systemd": Pair(
        "deploy/seed.service",
        '[Service]\nWorkingDirectory=/srv/app\nEnvironment=MODE=live "PYTHONPATH=/srv/app"\nExecStartPre=COMMAND\n'
        "ExecStart=/bin/true\n",
    ),
    "supervisord below conf.d": Pair(
        "conf.d/seed.conf",
        '[program:seed]\ndirectory=/srv/app\nenvironment=PYTHONPATH="/srv/app"\ncommand=COMMAND\n',
    ),
    "circus": Pair("circus.ini", "[watcher:seed]\ncmd = COMMAND\n[env:seed]\nPYTHONPATH = .\n"),
    "a workflow's variable for later steps": Pair(
        ".github/workflows/ci.yml",
        'jobs:\n  a:\n    steps:\n      - run: echo "PYTHONPATH=$GITHUB_WORKSPACE" >> $GITHUB_ENV\n'
        "      - run: COMMAND\n",
    ),
    "a composite action": Pair(
        ".github/actions/seed/action.yml",
        "runs:\n  using: composite\n  steps:\n    - run: COMMAND\n      env: {PYTHONPATH: '${{ github.workspace }}'}\n",
    ),
    "a shell's own folder": Pair("seed.sh", "export PYTHONPATH=$PYTHONPATH:$(pwd)\nCOMMAND\n"),
}
BY_PATH = ["python", "shop/seed.py"]
BY_NAME = ["python", "-m", "shop.seed"]


def launched(pair: Pair, words: list[str]) -> dict[str, str]:
    """The project with a launch file that starts ``words``."""
    text = (
        pair.text.replace("COMMAND", " ".join(words)).replace("WORDS", repr(words)).replace("BARE", repr(words)[1:-1])
    )
    return {**PROJECT, pair.path: text}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
def test_a_module_that_is_started_by_its_path_keeps_its_import(pair: Pair) -> None:
    trial = rewrite("relative-imports", launched(pair, BY_PATH))
    assert not trial.changed
    assert [(refusal.code, refusal.path) for refusal in trial.refusals] == [("script", "shop/seed.py")]
    assert pair.path in trial.refusals[0].reason


@pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
def test_a_module_that_is_started_by_its_name_goes_on(pair: Pair) -> None:
    trial = rewrite("relative-imports", launched(pair, BY_NAME))
    assert trial.after["shop/seed.py"] == SEED.replace("shop.models", ".models").encode()
    assert not trial.refusals


@pytest.mark.parametrize(("words", "code"), [(BY_PATH, 1), (BY_NAME, 0)])
def test_python_itself_says_the_same(words: list[str], code: int, tmp_path: Path) -> None:
    for path, text in PROJECT.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text.replace("from shop.models", "from .models"))
    done = subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, env=ROOT, capture_output=True, check=False)
    assert done.returncode == code, done.stderr


def test_settings_that_gunicorn_runs_by_their_path_keep_their_imports() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/sizes.py": "workers = 2\n",
        "shop/gunicorn_conf.py": "from shop.sizes import workers\n",
        "shop/main.py": "from shop.sizes import workers\n\napp = workers\n",
        "Procfile": "web: gunicorn -c shop/gunicorn_conf.py shop.main:app\n",
    }
    trial = rewrite("relative-imports", files)
    assert [(one.code, one.path) for one in trial.refusals] == [("script", "shop/gunicorn_conf.py")]
    assert trial.after["shop/main.py"] == b"from .sizes import workers\n\napp = workers\n"


@pytest.mark.parametrize(
    ("settings", "changed"),
    [('wsgi_app = "main:app"\nchdir = "shop"\n', False), ('wsgi_app = "shop.main:app"\n', True)],
)
def test_what_gunicorns_settings_start(settings: str, changed: bool) -> None:
    """With ``chdir`` the folder above is still on ``sys.path``, but the module is ``main``, in no package."""
    files = {
        "shop/__init__.py": "",
        "shop/sizes.py": "workers = 2\n",
        "shop/main.py": "from shop.sizes import workers\n\napp = workers\n",
        "gunicorn.conf.py": settings,
    }
    trial = rewrite("relative-imports", files)
    assert bool(trial.changed) is changed
    assert len(trial.refusals) == (not changed)
