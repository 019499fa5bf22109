"""workers: what a container gives a process counts, whichever version of control groups says so."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import pytest

from rewire import cpus
from rewire.cpus import cpu_share, default_jobs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("groups", "files", "share"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/a/b\n", {"a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, 0.5),
        ("0::/a/b\n", {"a/cpu.max": "400000 100000\n", "a/b/cpu.max": "300000 100000\n"}, 3.0),
        ("0::/not/mounted/here\n", {"cpu.max": "200000 100000\n"}, 2.0),
        (
            "5:memory:/x\n4:cpu,cpuacct:/docker/1\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "200000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            2.0,
        ),
        (
            "4:cpu,cpuacct:/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
        ("0::/\n", {"cpu.max": "nonsense\n"}, math.inf),
        ("0::/\n", {"cpu.max": "1000 0\n"}, math.inf),
        ("0::/\n", {}, math.inf),
        ("", {}, math.inf),
    ],
)
def test_the_least_of_all_groups_counts(tmp_path: Path, groups: str, files: dict[str, str], share: float) -> None:
    (tmp_path / "groups").write_text(groups)
    for name, text in files.items():
        path = tmp_path / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cpu_share(str(tmp_path / "groups"), str(tmp_path / "mounted")) == share


@pytest.mark.parametrize(("share", "jobs"), [(0.3, 1), (1.0, 1), (1.2, 2), (math.inf, 8), (64.0, 8)])
def test_as_many_jobs_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch, share: float, jobs: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cpus, "cpu_share", lambda: share)
    assert default_jobs() == jobs
