"""The files of continuous integration services and of hooks, each to its reader, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.project.launch.azure import read_azure
from rewire.project.launch.circleci import read_circleci
from rewire.project.launch.hooks import read_hooks
from rewire.project.launch.jenkins import read_jenkinsfile
from rewire.project.launch.pipelines import read_appveyor, read_bitbucket, read_codebuild, read_drone, read_travis

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_READERS: tuple[tuple[re.Pattern[str], Callable[[str, str, Evidence], list[Launch]]], ...] = (
    (re.compile(r"^\.circleci/"), read_circleci),
    (re.compile(r"azure"), read_azure),
    (re.compile(r"(?:^|/)\.travis\.yml$"), read_travis),
    (re.compile(r"(?:^|/)bitbucket-pipelines\.yml$"), read_bitbucket),
    (re.compile(r"(?:^|/)buildspec\.ya?ml$"), read_codebuild),
    (re.compile(r"(?:^|/)\.?appveyor\.yml$"), read_appveyor),
    (re.compile(r"(?:^|/)Jenkinsfile"), read_jenkinsfile),
    (re.compile(r"(?:^|/)\.pre-commit-config\.ya?ml$"), read_hooks),
    (re.compile(r"drone|woodpecker"), read_drone),
)


def read_integration(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """The launch contexts of one such file: its service's reader is the first one whose pattern the path holds."""
    return next((read(path, text, evidence) for pattern, read in _READERS if pattern.search(path)), [])
