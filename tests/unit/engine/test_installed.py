"""Entry points read plainly are those that importlib.metadata finds; what is unusual is left to it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import metadata
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from rewire import installed
from rewire.installed import Unusual, entry_points, read_plainly

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "some.group"


def distribution(folder: Path, name: str, text: str | None, version: str = "1.0", suffix: str = "dist-info") -> None:
    place = folder / f"{name}-{version}.{suffix}"
    place.mkdir(parents=True)
    (place / ("METADATA" if suffix == "dist-info" else "PKG-INFO")).write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    if text is not None:
        (place / "entry_points.txt").write_text(text)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which is all of the path."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "absent")])
    return tmp_path


def as_metadata_finds_them() -> set[tuple[str, str]]:
    return {(point.name, point.value) for point in metadata.entry_points(group=GROUP)}


def read() -> set[tuple[str, str]]:
    """What is read plainly, though another test may have brought in a library that knows distributions of its own."""
    pythons_own = [finder for finder in sys.meta_path if installed._is_pythons_own(finder)]
    with patch.object(sys, "meta_path", pythons_own):
        return {(point.name, point.value) for point in read_plainly(GROUP)}


def found() -> set[tuple[str, str]]:
    return {(point.name, point.value) for point in entry_points(GROUP)}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        f"[{GROUP}]\n",
        f"[{GROUP}]\none = some.module\ntwo=other\n",
        f"# {GROUP}\n[console_scripts]\nx = a:b\n\n[{GROUP}]\n# not = this\n  one  =  some.module  \n[other]\ny = z\n",
        f"[console_scripts]\nx = {GROUP}:main\n",
        f"[{GROUP}.more]\none = some.module\n",
        f"[a]\nx = y\r\n[{GROUP}]\r\none = some.module\r\n",
    ],
)
@pytest.mark.parametrize("suffix", ["dist-info", "egg-info"])
def test_plain_folders_are_read_as_metadata_reads_them(path: Path, text: str | None, suffix: str) -> None:
    distribution(path, "first", text, suffix=suffix)
    distribution(path, "second", f"[{GROUP}]\nsecond = second\n")
    assert read() == as_metadata_finds_them()


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path / "lib.zip", "w") as archive:
        archive.writestr("zipped-1.0.dist-info/entry_points.txt", f"[{GROUP}]\nzipped = zipped\n")
        archive.writestr("zipped-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1.0\n")
    sys.path.append(str(path / "lib.zip"))


def _egg(path: Path) -> None:
    info = path / "hatched-1.0-py3.11.egg" / "EGG-INFO"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: hatched\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nhatched = hatched\n")
    sys.path.append(str(info.parent))


def _twice(path: Path) -> None:
    distribution(path / "early", "some_thing", None)
    distribution(path / "late", "Some.Thing", f"[{GROUP}]\nhidden = hidden\n", version="2.0")
    sys.path += [str(path / "early"), str(path / "late")]


def _attribute(path: Path) -> None:
    distribution(path, "attribute", f"[{GROUP}]\none = some.module:attribute\n")


def _extra(path: Path) -> None:
    distribution(path, "extra", f"[{GROUP}]\none = some.module [cli]\n")


@pytest.mark.parametrize("make", [_zip, _egg, _twice, _attribute, _extra])
def test_what_is_unusual_is_left_to_metadata(path: Path, make: object) -> None:
    make(path)  # type: ignore[operator]
    with pytest.raises((Unusual, NotADirectoryError)):
        read()
    assert found() == as_metadata_finds_them()


def test_a_finder_with_distributions_of_its_own_is_asked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(path / "elsewhere", "remote", f"[{GROUP}]\nremote = remote\n")

    class Finder(metadata.DistributionFinder):
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, context: object = None) -> object:
            return [metadata.PathDistribution(path / "elsewhere" / "remote-1.0.dist-info")]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert found() == {("remote", "remote")} == as_metadata_finds_them()


def test_the_working_directory_on_the_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(path / "here", "local", f"[{GROUP}]\nlocal = local\n")
    monkeypatch.chdir(path / "here")
    monkeypatch.setattr(sys, "path", [""])
    assert read() == {("local", "local")}


def test_loading_imports_the_module(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path / "offered.py").write_text("ANSWER = 42\n")
    distribution(path, "offering", f"[{GROUP}]\noffered = offered\n")
    (point,) = entry_points(GROUP)
    assert point.load().ANSWER == 42
    sys.modules.pop("offered")


def test_what_cannot_be_read_is_left_to_metadata(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(path, "broken", None)
    (path / "broken-1.0.dist-info" / "entry_points.txt").write_bytes(f"[{GROUP}]\nx = \xff\n".encode("latin-1"))
    asked = SimpleNamespace(entry_points=lambda group: [group])
    monkeypatch.setattr("importlib.metadata.entry_points", asked.entry_points)
    assert entry_points(GROUP) == [GROUP]


def test_a_plain_installation_needs_no_metadata() -> None:
    """What this module is there for."""
    code = (
        "import sys; from rewire import registry; registry.load()\n"
        "print('importlib.metadata' in sys.modules, 'email' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"] or _is_unusual()


def _is_unusual() -> bool:
    """True if this very installation is one of those that metadata must read."""
    try:
        installed.read_plainly("rewire.codemods")
    except (OSError, UnicodeDecodeError, Unusual):
        return True
    return False
