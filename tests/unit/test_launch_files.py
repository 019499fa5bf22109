"""Launch files of every kind, read into launch contexts: each fixture says what must come out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rewire.project.boot.tree import Tree, files_of
from rewire.project.launch import packaging, tasktables, tox
from rewire.project.launch.command import Evidence
from rewire.project.launch.formats import FORMATS, PLATFORM_FILES, Formats
from rewire.project.launch.platforms import READERS
from rewire.project.launch.read import read_all, read_launches
from rewire.project.questions import may_start
from tests.support.launch_projects import FolderProject
from tests.support.real_boots import write_files

if TYPE_CHECKING:
    from rewire.model.project import Launch

FILES = Path(__file__).parents[1] / "fixtures" / "launch" / "files"


@pytest.mark.parametrize("case", sorted(FILES.glob("*.txt")), ids=lambda path: path.stem)
def test_file_gives_these_contexts(case: Path, tmp_path: Path) -> None:
    expected, _, body = case.read_text().partition("\n== ")
    write_files(tmp_path, "== " + body)
    project = FolderProject(tmp_path)
    alive = read_launches(project)
    told = [describe(launch, launch in alive) for launch in read_all(project)]
    assert told == [line for line in expected.splitlines() if line and not line.startswith("#")]


def describe(launch: Launch, alive: bool) -> str:
    """``source:line tier/role kind entry[:attribute] in workdir path=roots [+installed] [dead]``."""
    entry = launch.entry + (f":{launch.attribute}" if launch.attribute else "")
    own = [root or "." for root in launch.roots if root not in launch.installed]
    text = f"{launch.source}:{launch.line} {launch.tier}/{launch.role} {launch.entry_kind} {entry or '.'}"
    text += f" in {launch.workdir or '.'} path={','.join(own)}"
    if launch.installed:
        text += f" +{','.join(root or '.' for root in launch.installed)}"
    return text + ("" if alive else " dead")


def test_every_reader_has_a_fixture_and_some_give_nothing() -> None:
    texts = [path.read_text() for path in FILES.glob("*.txt")]
    assert len(texts) >= 30
    assert sum(not re.search(r"^\S+:\d+ ", text.partition("\n== ")[0], re.M) for text in texts) >= 3


@pytest.mark.parametrize("case", sorted(FILES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_look_at_the_bytes_first_changes_nothing(case: Path, tmp_path: Path) -> None:
    write_files(tmp_path, "== " + case.read_text().partition("\n== ")[2])
    project = FolderProject(tmp_path)
    looked: list[str] = []

    def starts(path: str) -> bool:
        looked.append(path)
        return may_start((tmp_path / path).read_bytes())

    assert read_all(project, starts=starts) == read_all(project)
    assert all(path.endswith(".py") for path in looked)


PLACES = [
    "",
    "a/",
    "docs/",
    "Docs/",
    "doc/",
    "docs/a/",
    ".github/",
    ".github/workflows/",
    ".idea/runConfigurations/",
    "a/.github/workflows/",
    "a/docs/",
    ".circleci/",
    "a/.circleci/",
    ".woodpecker/",
    ".azure-pipelines/jobs/",
    ".github/actions/a/",
]
NAMES = [
    "Dockerfile", "web.dockerfile", "compose.yaml", "docker-compose.prod.yml", "Procfile.dev", "x.service", "ci.yml",
    "README.md", "readme.rst", "start.md", "guide.RST", "Makefile", "rules.mk", "setup.py", "noxfile.py", "m.py",
    "en.json", "package.json", "pyproject.toml", "run.sh", "alembic.ini", "Makefile.old", "supervisord.conf", "m.pyi",
    "circus.ini", "site.conf", "uwsgi.ini", "api-deployment.yaml", "values-prod.yaml", "justfile", "Taskfile.yml",
    ".gitlab-ci.yml", "launch.json", "devcontainer.json", "api.run.xml", "api.xml", "config.yml", "action.yml",
    "azure-pipelines-test.yml", ".travis.yml", ".drone.yml", "Jenkinsfile", "Pipfile", "tox.toml", "gunicorn.conf.py",
]  # fmt: skip


def test_the_formats_of_a_file_follow_from_its_name_but_in_the_folders_that_tell() -> None:
    formats = Formats()
    several = 0
    for path in [place + name for place in PLACES for name in NAMES]:
        name = path.rpartition("/")[2]
        expected = tuple(entry for entry in FORMATS if entry.fits(path, name))
        assert formats.of(path) == expected, path
        several += len(expected) > 1
    assert several
    paths = [place + name for place in PLACES for name in NAMES]
    assert list(Formats().of_all(paths)) == [(path, formats.of(path)) for path in paths if formats.of(path)]
    assert formats.of("a/node_modules/b/Makefile") == ()


def test_the_files_of_platforms_are_those_that_have_a_reader() -> None:
    assert set(READERS) == PLATFORM_FILES


KEYS = re.findall(
    r"\S+",
    """jobs steps run command working_directory parameters default docker environment executor executors commands when
    condition checkout path script env global matrix include pipelines step parallel template inputs task strategy
    stages job phases build repos repo hooks entry language args directory pdm scripts cmd composite poe tasks tox
    sequence taskipy settings hatch envs env-vars pixi feature env_run_base set_env packages runs defaults tool""",
)
WORDS = st.sampled_from(
    ["python a.py", "cd a && python -m b", "", "<< parameters.x >>", "${{ matrix.a }}", "local", "a:b"]
)
SHAPES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=25,
)
ANY_SHAPE = [
    ".circleci/config.yml", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".drone.yml",
    ".woodpecker/a.yml", "appveyor.yml", "buildspec.yml", ".pre-commit-config.yaml", ".github/workflows/a.yml",
    ".github/actions/a/action.yml",
]  # fmt: skip
TABLES = ["pyproject.toml", "Pipfile", "hatch.toml", "pixi.toml", "tox.toml"]


@given(st.dictionaries(st.sampled_from(KEYS), SHAPES, max_size=5))
def test_no_shape_of_a_file_ends_a_run(data: dict[str, Any]) -> None:
    """People write everything; what is not understood starts nothing."""
    files = files_of(("a.py", "pyproject.toml"))
    evidence = Evidence("", "", "script", Tree(files))
    with pytest.MonkeyPatch.context() as patch:
        for module in (packaging, tasktables, tox):
            patch.setattr(module, "load_toml", lambda text: {"tool": data, **data})
        for path in (*ANY_SHAPE, *TABLES):
            for _, _, read in Formats().of(path):
                read(path, yaml.safe_dump(data) if path in ANY_SHAPE else "tox", files, evidence)
