"""cache.values: frozen values come back equal, and no bytes call anything or bring anything else to life."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from typing import Any

import pytest

from rewire.cache.values import Unknown, dump, fingerprint, load
from rewire.model.site import Promise, Refusal, Site
from rewire.model.source import Span
from rewire.syntax.imports import read_imports


@dataclass(frozen=True, slots=True)
class Facts:
    numbers: tuple[int, ...]
    inner: Span | None


@dataclass
class Mutable:
    number: int = 1


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("false",)


VALUES = [
    None,
    (1, "é", True, None, b"x", 2.5, ("nested", ("deep",))),
    Site("c", "p.py", Span(1, 2), "Name", payload=("x", Span(3, 4))),
    Refusal("c", "p.py", Span(1, 2), "code", "reason", "advice"),
    Promise.PROVED,
    read_imports("from a.b import (c, d as e)\nimport x\n"),
    Facts((1, 2), Span(0, 1)),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_frozen_values_come_back_equal(value: Any) -> None:
    assert load(dump(value), [__name__]) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        pickle.dumps(Evil()),
        pickle.dumps(os.system),
        pickle.dumps(Mutable()),
        pickle.dumps(Facts),
        pickle.dumps(ValueError("x")),
        dump(VALUES[2])[:-5],
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x04\x8c\x0crewire.model\x8c\x09source.re\x93.",
    ],
    ids=["empty", "garbage", "a call", "a function", "mutable", "a class of another package", "an exception", "cut",
         "a global", "a dotted name"],
)  # fmt: skip
def test_anything_else_is_unknown(data: bytes) -> None:
    allowed = [__name__] if b"Mutable" in data or b"Evil" in data else []
    with pytest.raises(Unknown):
        load(data, allowed)


def test_a_class_of_a_package_that_is_not_allowed_is_unknown() -> None:
    with pytest.raises(Unknown):
        load(dump(Facts((1,), None)), ["some.other"])


def test_the_fingerprint_is_of_the_code() -> None:
    import rewire_codemods

    assert fingerprint("rewire") == fingerprint("rewire")
    assert fingerprint("rewire") != fingerprint("rewire", rewire_codemods.__name__)
