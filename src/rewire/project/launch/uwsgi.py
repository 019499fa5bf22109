"""uwsgi: its options on the command line, and those of its ini files."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rewire.project.boot.tree import under
from rewire.project.launch.running import Start, is_plain, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.project.launch.running import Running


def uwsgi(run: Running) -> Start | None:
    """``uwsgi``: its options, and those of an ini file that they name; the working directory is the root.

    ``wsgi-file`` is executed by its path, without a package, which is what a script is.
    """
    options = dict(_words(run))
    ini = options.pop("ini", "")
    if ini:
        place = under(run.cwd, ini)
        options = {**_ini(run.text(place) or "", place), **options}
    cwd = under(run.cwd, options.get("chdir", ""))
    roots = (cwd, *(under(cwd, part) for part in options.get("pythonpath", "").split(":") if part), *run.roots)
    module, attribute = target_of(options.get("module", ""))
    attribute = attribute or options.get("callable", "") or "application"
    file = options.get("wsgi-file", "")
    if is_plain(module):
        return Start(module, "module", roots, "server", attribute)
    return Start(under(cwd, file), "script", roots, "server", attribute) if is_plain(file) else None


_SPELLINGS = {
    "-w": "module",
    "--wsgi": "module",
    "--file": "wsgi-file",
    "--pp": "pythonpath",
    "--python-path": "pythonpath",
}
"""Other spellings of uwsgi's options."""


def _words(run: Running) -> Iterator[tuple[str, str]]:
    """(option, value) as the command line gives them; ``pkg.wsgi:app`` after ``--mount /=`` counts as the module."""
    words = list(run.words)
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if word.endswith(".ini") and not word.startswith("-"):
            yield "ini", word
        elif name.startswith("-"):
            yield _option(name, value if equals else next(iter(words[index + 1 : index + 2]), ""))


def _option(name: str, value: str) -> tuple[str, str]:
    option = _SPELLINGS.get(name, _SPELLINGS.get(f"--{name}", name.lstrip("-")))
    if option == "mount":
        value = value.partition("=")[2]
        option = "wsgi-file" if value.endswith(".py") else "module"
    return option, value


def _ini(text: str, place: str) -> dict[str, str]:
    """The ``[uwsgi]`` section, with the folder of the file and its own variables put in; several paths are joined."""
    found: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        title = re.match(r"\s*\[(\w+)\]", line)
        section = title[1] if title else section
        name, equals, value = line.partition("=")
        if section != "uwsgi" or not equals or line.lstrip().startswith((";", "#")):
            continue
        value = value.strip().replace("%d", f"{posixpath.dirname(place)}/")
        value = re.sub(r"%\((\w[\w-]*)\)", lambda match: found.get(match[1], match[0]), value)
        option, value = _option(name.strip(), value)
        found[option] = f"{found[option]}:{value}" if option == "pythonpath" and option in found else value
    return found
