"""No new undefined name: by the compiler's symbol table, and by LibCST's scope analysis where that cannot tell."""

from __future__ import annotations

import builtins
from collections import Counter

import libcst as cst
from libcst import metadata

from rewire.syntax.modern import parse
from rewire.verify.unbound import read_names

_KNOWN = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__loader__", "__annotations__",
    "__builtins__", "__class__", "__module__", "__qualname__", "__dict__", "__debug__", "__cached__",
}  # fmt: skip


def newly_undefined(before: str, after: str) -> str | None:
    """The first name that ``after`` uses more often without a definition than ``before``; None if there is none."""
    if before == after:
        return None
    new = read_names(after)
    if new is not None:
        unbound = new.unbound - _KNOWN
        old = read_names(before) if unbound or new.quoted else None
        if old is not None:
            gained = (unbound - old.unbound) | (new.quoted & (old.bound - new.bound))
            if gained:
                return min(gained)
        if not unbound:
            return None
    gains = undefined(after) - undefined(before)  # unbound in both: how often counts
    return min(gains, default=None)


def undefined(text: str) -> Counter[str]:
    """How often each name is read in a scope where nothing binds it. A file with a star import answers none."""
    tree = parse(text)
    found: Counter[str] = Counter()
    if any(_imports_star(node) for node in tree.walk()):
        return found
    wrapper = metadata.MetadataWrapper(tree.module, unsafe_skip_copy=True)
    scopes = {scope for scope in wrapper.resolve(metadata.ScopeProvider).values() if scope is not None}
    for scope in scopes:
        for access in scope.accesses:
            node = access.node
            name = node.value if isinstance(node, cst.Name) else None
            if name and name not in _KNOWN and not access.referents:
                found[name] += 1
    return found


def _imports_star(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar)
