"""The options of the import codemods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rewire.codemod import option

Style = Literal["relative", "absolute", "launch"]
Scripts = Literal["leave", "fallback", "convert"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How imports of the project's own modules are to be written."""

    style: Style = option(
        "relative",
        "`relative`; `absolute`; or `launch`: touch only imports that do not resolve, and give each the form that "
        "resolves in every context that loads its file",
    )
    scripts: Scripts = option(
        "leave",
        "files that are, or may be, started as scripts: `leave` them; `fallback` (try relative, except ImportError the "
        "old import); `convert` them all the same, for starting with `python -m`",
    )
    scope: Literal["package", "siblings"] = option(
        "package", "where relative imports are wanted: in the whole `package`, or between `siblings` (a single dot)"
    )
    max_level: int | None = option(None, "the most dots a relative import may have (default: as many as it needs)")


@dataclass(frozen=True, slots=True)
class AbsoluteOptions:
    """Options of the way back."""

    scope: Literal["package", "siblings"] = option(
        "package", "`package`: make every relative import absolute; `siblings`: leave those with a single dot"
    )
    max_level: int | None = option(None, "leave relative imports of up to this many dots (default: leave none)")
