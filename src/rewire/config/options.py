"""A codemod's options: the dataclass's defaults, the configuration's table over them, ``--set`` over both."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from rewire.config.convert import Misfit, convert, parse
from rewire.config.load import KEYS, place_error
from rewire.errors import ConfigError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rewire.codemod.base import Codemod
    from rewire.config.values import Config


class Setting(NamedTuple):
    """One ``--set codemod.option=value``."""

    codemod: str
    option: str
    value: str
    text: str


def parse_setting(text: str) -> Setting:
    """Take ``codemod.option=value`` apart. Raises UsageError if it is not of that form."""
    name, equals, value = text.partition("=")
    codemod, dot, option = name.strip().partition(".")
    if not (equals and dot and codemod and option):
        raise UsageError(
            f"--set {text}: not of the form codemod.option=value",
            advice="for instance --set connect-timeout.replace=strip",
        )
    return Setting(codemod.replace("_", "-"), option.replace("-", "_"), value.strip(), text)


def check_tables(config: Config, codemods: Mapping[str, Codemod[Any, Any]], broken: Collection[str] = ()) -> None:
    """Raise ConfigError if the configuration names a codemod or an option that is not installed.

    ``broken`` are names that exist and cannot be loaded: whether that matters is for the run to say.
    """
    for key, names in (("select", config.select), ("ignore", config.ignore)):
        for number, name in enumerate(names):
            if name.replace("_", "-") not in codemods and name not in broken:
                hint = did_you_mean(name, codemods)
                raise _config_error(config, (key, number), f"there is no codemod {name!r}{hint}")
    for name in config.codemods:
        codemod = codemods.get(name.replace("_", "-"))
        if codemod is None:
            if name in broken:
                continue
            hint = did_you_mean(name, [*codemods, *KEYS, "launch"])
            raise _config_error(config, (name,), f"there is no codemod {name!r}{hint}")
        _from_table(codemod, name, config)


def options_for(codemod: Codemod[Any, Any], config: Config, sets: Sequence[str] = ()) -> tuple[Any, dict[str, Any]]:
    """The codemod's options in force, and those among them that the user gave, JSON-able, by field name.

    ``sets`` are ``codemod.option=value`` texts of any codemod; the last one for an option wins. Raises UsageError for
    an option that does not exist or a value that does not fit, ConfigError where the configuration is at fault.
    """
    given: dict[str, Any] = {}
    for name in config.codemods:
        if name.replace("_", "-") == codemod.name:
            given |= _from_table(codemod, name, config)
    hints = option_types(codemod)
    for setting in map(parse_setting, sets):
        if setting.codemod != codemod.name:
            continue
        if setting.option not in hints:
            raise UsageError(f"--set {setting.text}: {_unknown_option(codemod, setting.option, hints)}")
        value = parse(setting.value, hints[setting.option])
        if isinstance(value, Misfit):
            raise UsageError(f"--set {setting.text}: {value.message}")
        given[setting.option] = value
    try:
        options = codemod.options_type(**given)
    except ValueError as error:  # a dataclass may check its values as a whole in __post_init__
        raise UsageError(f"the options of {codemod.name} do not go together: {error}") from error
    described = codemod.describe_options(options)
    return options, {name: described[name] for name in sorted(given)}


def option_types(codemod: Codemod[Any, Any]) -> dict[str, Any]:
    """The codemod's options, field name -> type, in the order in which they are declared."""
    hints = get_type_hints(codemod.options_type)
    return {field.name: hints[field.name] for field in dataclasses.fields(codemod.options_type)}


def _from_table(codemod: Codemod[Any, Any], name: str, config: Config) -> dict[str, Any]:
    """The options in the configuration's table ``name``. Raises ConfigError."""
    hints = option_types(codemod)
    given: dict[str, Any] = {}
    for key, value in config.codemods[name].items():
        option = key.replace("-", "_")
        if option not in hints:
            raise _config_error(config, (name, key), _unknown_option(codemod, option, hints))
        converted = convert(value, hints[option])
        if isinstance(converted, Misfit):
            raise _config_error(config, (name, key, *converted.path), converted.message)
        given[option] = converted
    return given


def _unknown_option(codemod: Codemod[Any, Any], option: str, known: Collection[str]) -> str:
    """What is wrong with an option's name."""
    shown = [name.replace("_", "-") for name in known]
    hint = did_you_mean(option.replace("_", "-"), shown)
    listed = f" (it has {', '.join(shown)})" if shown else " (it has none)"
    return f"{codemod.name} has no option {option.replace('_', '-')!r}{hint or listed}"


def _config_error(config: Config, place: tuple[str | int, ...], message: str) -> ConfigError:
    """A complaint about a place in the configuration's file."""
    prefix = tuple(config.table.split(".")) if config.table else ()
    if config.source is None:
        return ConfigError(message)
    try:
        text = config.source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return place_error(config.source, text, (*prefix, *place), message)
