"""What a user may set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rewire.codemod import option

Replace = Literal["auto", "strip", "rename"]


@dataclass(frozen=True, slots=True)
class Options:
    """The codemod's options."""

    replace: Replace = option(
        "auto",
        "auto: rename to timeout, strip where a limit is there already; strip: always strip; rename: always rename",
    )
    also: tuple[str, ...] = option(
        (), 'further arguments of libpq\'s to refuse by name ("dbname", "sslmode", ...; "all"); never changed'
    )
