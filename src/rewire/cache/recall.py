"""One codemod's memory of single files, by all that it depends on: what was located in them, what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rewire
from rewire.cache.store import Cache, key_of
from rewire.cache.values import Unknown, dump, fingerprint, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rewire.codemod.base import Codemod
    from rewire.model.site import Site


class Recall:
    """Facts that an earlier run located in the same bytes, with the same code and options.

    The key holds rewire's version, a fingerprint of the code of rewire and of the codemod's package, its name and
    version, the options, the markers, the path and the content's digest. Facts depend on nothing else: ``locate``
    sees one file.
    """

    def __init__(self, path: Path | None, codemod: Codemod[Any, Any], options: Any, markers: Sequence[bytes]) -> None:
        self._path = path
        self._package = _package(codemod)
        if path is not None:
            self._prefix = key_of("facts", *_identity(codemod, options), tuple(markers))

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


class Rewrites:
    """Files that an earlier run rewrote and verified, from the same bytes by the same sites, code and options.

    What is kept is a row of plain values; what they mean is the caller's.
    """

    def __init__(self, path: Path | None, codemod: Codemod[Any, Any], options: Any) -> None:
        self._path = path
        if path is not None:
            self._prefix = key_of("rewrite", *_identity(codemod, options))

    def key(self, path: str, digest: str, sites: Sequence[Site]) -> bytes | None:
        """The key of one file's work; None where nothing is remembered, or its bytes are not known."""
        if self._path is None or not digest:
            return None
        return key_of(self._prefix, path, digest, [_row(site) for site in sites])

    def recall(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Any, ...]]:
        """The rows of those keys that are known."""
        if self._path is None or not keys:
            return {}
        found = {}
        with Cache(self._path) as cache:
            for key, data in cache.get_many(keys).items():
                try:
                    found[key] = tuple(load(data, ()))
                except (Unknown, TypeError):
                    continue
        return found

    def keep(self, rows: Mapping[bytes, tuple[Any, ...]]) -> None:
        """Remember these rows."""
        if self._path is None or not rows:
            return
        with Cache(self._path) as cache:
            cache.put_many((key, dump(row)) for key, row in rows.items())


def _row(site: Site) -> tuple[Any, ...]:
    """All that a site says, for a key."""
    return (
        site.span.start, site.span.end, site.kind, site.payload, site.summary, site.shape, site.group, site.follows,
        site.support, site.drops_comments, site.edits_strings,
    )  # fmt: skip


def _package(codemod: Codemod[Any, Any]) -> str:
    return type(codemod).__module__.partition(".")[0]


def _identity(codemod: Codemod[Any, Any], options: Any) -> tuple[Any, ...]:
    """Whose answer it is: rewire's version, the code of rewire and of the codemod's package, its name and options."""
    code = fingerprint("rewire", _package(codemod))
    return rewire.__version__, code, codemod.name, codemod.version, options
