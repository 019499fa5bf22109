"""The contributors' page draws the layers that the contracts hold."""

from __future__ import annotations

import tomllib
from pathlib import Path

TOP = Path(__file__).parents[2]


def test_the_page_draws_the_layers_of_the_contract() -> None:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    drawn = "\n".join(f"    {layer}" for layer in layers)
    assert drawn in (TOP / "docs" / "design.md").read_text()


def test_every_module_the_page_names_is_there() -> None:
    text = (TOP / "docs" / "design.md").read_text()
    named = [
        word for word in text.split("`") if word.endswith(".py") and "/" in word and "<" not in word and " " not in word
    ]
    assert named
    for word in named:
        assert any((TOP / folder / word).exists() for folder in ("", "src/rewire", "codemods")), word
