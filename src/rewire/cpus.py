"""How many CPUs this process may use: those it may run on, and no more than its control groups allow."""

from __future__ import annotations

import math
import os


def default_jobs() -> int:
    """As many processes as this one may use CPUs: those it may run on, and no more than its container gives it."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cpus, cpu_share())))


def cpu_share(groups: str = "/proc/self/cgroup", mounted: str = "/sys/fs/cgroup") -> float:
    """How many CPUs' time the control groups of this process allow it (``docker run --cpus``); infinity for no limit.

    ``groups`` names them, and ``mounted`` holds them. Of a group and of all above it, the least counts.
    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, and cgroup-v1/../scheduler/sched-bwc.html
    """
    least = math.inf
    for line in _lines(groups):
        controllers, path = line.split(":", 2)[1:]
        if controllers and "cpu" not in controllers.split(","):
            continue
        folder = f"{mounted}/{controllers}".rstrip("/")
        parts = path.strip("/").split("/") if path.strip("/") else []
        for count in range(len(parts) + 1):
            place = "/".join([folder, *parts[:count]])
            words = " ".join(_lines(f"{place}/cpu.max")) if not controllers else _old_words(place)
            quota, _, period = words.partition(" ")
            if quota.isdigit() and period.isdigit() and int(period):
                least = min(least, int(quota) / int(period))
    return least


def _old_words(place: str) -> str:
    """What version 1 of control groups says in two files, as version 2 does in one."""
    return " ".join([*_lines(f"{place}/cpu.cfs_quota_us"), *_lines(f"{place}/cpu.cfs_period_us")])


def _lines(path: str) -> list[str]:
    try:
        with open(path) as file:  # noqa: PTH123 - asked by every run
            return file.read().splitlines()
    except OSError:
        return []
