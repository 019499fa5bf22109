"""Small readings that several formats share: YAML, TOML and INI texts, and the line that holds a word."""

from __future__ import annotations

import configparser
import tomllib
from typing import Any


def load_yaml(text: str) -> Any:
    """The first document of a YAML text; None where it cannot be read."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return next(iter(yaml.load_all(text, Loader=loader)), None)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None


def load_yamls(text: str) -> list[Any]:
    """Every document of a YAML text; none where one of them cannot be read."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return []


def load_toml(text: str) -> dict[str, Any]:
    """A TOML text as a mapping; empty where it cannot be read."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def load_ini(text: str) -> configparser.RawConfigParser:
    """An INI text with case kept and repeats allowed; empty where it cannot be read."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def line_holding(text: str, word: str, after: int = 1) -> int:
    """1-based number of the first line from line ``after`` on that holds ``word``; ``after`` if none does."""
    for number, line in enumerate(text.splitlines()[after - 1 :], after):
        if word in line:
            return number
    return after
