"""The line, from a request to a result: one loop over the codemods, in memory. Disk is only read."""

from rewire.pipeline.answer import run
from rewire.pipeline.request import Request, Selected

__all__ = ["Request", "Selected", "run"]
