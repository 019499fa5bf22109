"""One codemod's memory of what it located: facts by everything that they depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rewire
from rewire.cache.store import Cache, key_of
from rewire.cache.values import Unknown, dump, fingerprint, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rewire.codemod.base import Codemod


class Recall:
    """Facts that an earlier run located in the same bytes, with the same code and options.

    The key holds rewire's version, a fingerprint of the code of rewire and of the codemod's package, its name and
    version, the options, the markers, the path and the content's digest. Facts depend on nothing else: ``locate``
    sees one file.
    """

    def __init__(self, path: Path | None, codemod: Codemod[Any, Any], options: Any, markers: Sequence[bytes]) -> None:
        self._path = path
        if path is None:
            return
        self._package = type(codemod).__module__.partition(".")[0]
        code = fingerprint("rewire", self._package)
        self._parts = (rewire.__version__, code, codemod.name, codemod.version, options, tuple(markers))
        self._prefix = key_of("facts", *self._parts)

    def located(self, digests: Mapping[str, str]) -> dict[str, Any]:
        """The remembered facts (None: of no interest) of those paths whose digest is known."""
        if self._path is None:
            return {}
        keys = {self._key(path, digest): path for path, digest in digests.items() if digest}
        found = {}
        with Cache(self._path) as cache:
            for key, data in cache.get_many(list(keys)).items():
                try:
                    found[keys[key]] = load(data, [self._package])
                except Unknown:
                    continue
        return found

    def keep(self, digests: Mapping[str, str], facts: Mapping[str, Any]) -> None:
        """Remember freshly located facts."""
        if self._path is None or not facts:
            return
        with Cache(self._path) as cache:
            cache.put_many(
                (self._key(path, digests[path]), dump(known)) for path, known in facts.items() if digests[path]
            )

    def _key(self, path: str, digest: str) -> bytes:
        return key_of(self._prefix, path, digest)
