"""tox: the commands of its environments, in ``tox.ini``, ``setup.cfg``, ``tox.toml`` and ``pyproject.toml``."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command
from rewire.project.launch.compose import environment
from rewire.project.launch.installation import installed_folders, installs
from rewire.project.launch.place import line_holding, load_ini, load_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence


def read_tox_toml(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://tox.wiki/en/latest/config.html: ``tox.toml``, or ``[tool.tox]`` with tables or the text of an ini."""
    data: Any = load_toml(text)
    if posixpath.basename(path) == "pyproject.toml":
        tools = data.get("tool")
        data = tools.get("tox") if isinstance(tools, dict) else None
    if not isinstance(data, dict):
        return []
    if isinstance(data.get("legacy_tox_ini"), str):
        line = line_holding(text, "legacy_tox_ini")
        found = read_tox(path, data["legacy_tox_ini"], evidence)
        return [replace(launch, line=launch.line + line) for launch in found]
    base = data.get("env_run_base")
    named = data.get("env")
    tables = {"env_run_base": base, **(named if isinstance(named, dict) else {})}
    shared = base if isinstance(base, dict) else {}
    launches: list[Launch] = []
    for name, table in tables.items():
        if isinstance(table, dict) and "commands" in table:
            settings = dict(_plain({**shared, **table}, data))
            at = replace(evidence, line=line_holding(text, name))
            launches += _started(name, settings, at, under(HOME, posixpath.dirname(path)))
    return launches


def _plain(table: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A table of a TOML file in the words of an ini file."""
    commands = table.get("commands")
    lines = [line for line in commands if isinstance(line, list)] if isinstance(commands, list) else []
    yield "commands", "\n".join(shlex.join(_words(line)) for line in lines)
    for key in ("change_dir", "changedir"):
        if isinstance(table.get(key), str):
            yield "changedir", table[key]
    yield "setenv", "\n".join(f"{name}={value}" for name, value in environment(table.get("set_env")).items())
    yield "skip_install", str(bool(table.get("skip_install") or whole.get("no_package") or whole.get("skipsdist")))


def _words(line: list[Any]) -> list[str]:
    """A command's words; ``{replace = "posargs", default = [...]}`` stands for its default."""
    words: list[str] = []
    for word in line:
        if isinstance(word, str):
            words.append(word)
        elif isinstance(word, dict) and isinstance(word.get("default"), list):
            words += [str(part) for part in word["default"]]
    return words


def read_tox(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """``tox.ini``, or ``setup.cfg`` with ``[tox:tox]``: the commands of every environment."""
    settings = load_ini(text)
    name = posixpath.basename(path)
    own = "tox:tox" if name == "setup.cfg" else "tox"
    if name == "setup.cfg" and not settings.has_section(own):
        return []
    base = dict(settings.items("testenv")) if settings.has_section("testenv") else {}
    whole = dict(settings.items(own)) if settings.has_section(own) else {}
    skips = any(whole.get(key) in ("true", "True") for key in ("skipsdist", "no_package"))
    found: list[Launch] = []
    for title in settings.sections():
        if title.startswith("testenv") and (title == "testenv" or "commands" in dict(settings.items(title))):
            table = {key: value or "" for key, value in {**base, **dict(settings.items(title))}.items()}
            table |= {"skip_install": "true"} if skips else {}
            at = replace(evidence, line=line_holding(text, f"[{title}]"))
            found += _started(title.partition(":")[2] or "testenv", table, at, under(HOME, posixpath.dirname(path)))
    return found


def _started(name: str, table: Mapping[str, str], evidence: Evidence, here: str) -> list[Launch]:
    """What one environment starts; the package is installed in it unless it says not to."""
    listed = (table.get(key) or "" for key in ("commands_pre", "commands", "commands_post"))
    commands = _tox_value("\n".join(listed), here)
    cwd = under(here, _tox_value(table.get("changedir") or table.get("change_dir") or "", here).strip())
    lines = _tox_value(table.get("setenv") or table.get("set_env") or "", here).splitlines()
    pairs = [line.partition("=") for line in lines]
    skipped = (table.get("skip_install") or "").strip().lower() == "true"
    installed = () if skipped else tuple(installed_folders(evidence.tree, here, evidence.read_text))
    at = replace(
        evidence,
        name=f"tox: {name}",
        cwd=cwd,
        variables={name.strip(): value.strip() for name, equals, value in pairs if equals},
        installed=tuple(dict.fromkeys((*installed, *installs(commands, evidence.tree, cwd)))),
    )
    return [replace(launch, line=evidence.line) for launch in read_command(commands, at)]


def _tox_value(text: str, here: str) -> str:
    """tox's own substitutions, as far as they name folders."""
    text = re.sub(r"\{(?:toxinidir|tox_root)\}", here, text)
    text = re.sub(r"\{posargs(?::([^}]*))?\}", lambda match: match[1] or "", text)
    text = re.sub(r"\{(?:envpython|env_python)\}", "python", text)
    text = re.sub(
        r"^(\s*)[\w.!,-]*(?:\{[\w.!,-]*\}[\w.!,-]*)*:[ \t]+(?=\S)", r"\1", text, flags=re.M
    )  # py311,lint: command
    return re.sub(r"^\s*-\s*(?=\S)", "", re.sub(r"\{[^}]*\}", "", text), flags=re.M)
