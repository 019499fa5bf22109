"""The example plug-in under ``tests/fixtures/plugin_example``: importable here, installable into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "plugin_example"
CASES = FOLDER / "cases"


def load_example() -> type:
    """The codemod class ``LoggerWarning`` of the example plug-in."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    from acme_codemods.logger_warning.codemod import LoggerWarning

    return LoggerWarning


def install(folder: Path, *, package: str = "acme_codemods", code: str | None = None) -> None:
    """What an installer leaves behind: the entry point, and ``package`` (the example's, or one module ``code``)."""
    metadata = folder / f"{package}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[rewire.codemods]\nsome = {package}\n")
    if code is not None:
        (folder / f"{package}.py").write_text(code)
    else:
        (folder / package).symlink_to(FOLDER / package)
