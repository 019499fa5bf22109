"""The run as git commits: built without the working tree, then one fast-forward that git itself makes safe."""

from __future__ import annotations

from rewire.deliver.commit.preconditions import preflight
from rewire.deliver.commit.record import commit
from rewire.deliver.commit.values import CommitInfo, CommitOptions, CommitReport

__all__ = ["CommitInfo", "CommitOptions", "CommitReport", "commit", "preflight"]
