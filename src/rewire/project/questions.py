"""What launches and flat names ask of every file's bytes, so that few files are read for them."""

from __future__ import annotations

from rewire.needles import AnyOf

may_start = AnyOf((b"subprocess", b"os.system", b"os.exec", b"os.spawn"))
"""True if a Python file of some bytes may start processes by itself: every one that does holds one of these."""

may_start_flat = AnyOf(
    (b"except (", b"sys.path", b"__main__", b"except ImportError", b"except ModuleNotFoundError", b"addsitedir")
)
"""True if a Python file of some bytes may import others under flat names: by edits of the path, as a script, or where
an import fails.
"""

may_load_by_path = AnyOf(
    (
        b"spec_from_file_location", b"SourceFileLoader", b"load_source", b"run_path", b"execfile", b"load_module",
        b"exec(", b"exec (",
    )
)  # fmt: skip
"""True if a Python file of some bytes may load others by their path."""
