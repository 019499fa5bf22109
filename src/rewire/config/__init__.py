"""What the user has written down: ``[tool.rewire]`` or ``rewire.toml``, and a codemod's options out of it."""

from rewire.config.load import load
from rewire.config.options import Setting, check_tables, options_for, parse_setting
from rewire.config.values import Config, LaunchEntry

__all__ = ["Config", "LaunchEntry", "Setting", "check_tables", "load", "options_for", "parse_setting"]
