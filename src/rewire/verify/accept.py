"""Rewrite and verify the files of one plan; what a check rejects takes its groups along, and the rest stands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire import read
from rewire.model.result import Failure, Rejected
from rewire.model.site import NewFile, Plan, Refusal, Site
from rewire.model.source import SourceFile, Span
from rewire.model.splices import splices
from rewire.model.workspace import FileChange, Workspace
from rewire.plan import ENGINE_CODES
from rewire.verify.parcel import Parcel, Verified
from rewire.workers import Died

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewire.cache.recall import Rewrites
    from rewire.codemod.base import Codemod
    from rewire.workers import Executor

BATCH = 64


class _Task(NamedTuple):
    """One file's work, small enough to send: the text only where memory holds another one than disk."""

    path: str
    sites: tuple[Site, ...]
    overlay: SourceFile | Failure | None


@dataclass(slots=True)
class Acceptance:
    """The state of one plan on its way: which files stand rewritten, which were rejected, what fell with them."""

    workspace: Workspace
    codemod: Codemod[Any, Any]
    options: Any
    plan: Plan
    executor: Executor
    carried: Callable[[str], SourceFile | Failure | None]
    """What the work on a file must be sent of it (``pipeline.state.State.carried``)."""
    digest: Callable[[str], str]
    """A file's digest, where it is known (else empty)."""
    rewrites: Rewrites | None
    """What earlier runs made of files."""
    question: Callable[[FileChange], Any] | None = None
    """Asked of every file that is accepted, where it was rewritten; its answer is one of ``answers``."""
    advance: Callable[[int], None] | None = None
    rejected: dict[str, Rejected] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """By path; none for a file that was created, or that memory knew."""
    _files: dict[str, FileChange] = field(default_factory=dict)
    _fallen: dict[str, Rejected] = field(default_factory=dict)
    """Each group that fell, and what it fell with."""
    _sites: dict[str, list[Site]] = field(default_factory=dict)
    _groups: dict[str, set[str]] = field(default_factory=dict)
    """The groups that a path has a part in, created files included."""
    _members: dict[str, set[str]] = field(default_factory=dict)
    """The paths in which a group has sites."""

    def __post_init__(self) -> None:
        sites, groups, members = defaultdict(list), defaultdict(set), defaultdict(set)
        for site in self.plan.sites:
            sites[site.path].append(site)
            if site.group:
                groups[site.path].add(site.group)
                members[site.group].add(site.path)
        for file in self.plan.new_files:
            if file.group:
                groups[file.path].add(file.group)
        self._sites, self._groups, self._members = dict(sites), dict(groups), dict(members)
        self._carry_out(sorted(self._sites))

    def reject(self, complaints: Sequence[Rejected]) -> None:
        """Take files back for a reason found later; whatever shares a group with them is done again without."""
        self._carry_out(self._drop(complaints))

    def files(self) -> tuple[FileChange, ...]:
        """The files that stand, created ones included, sorted by path."""
        created = {file.path: _created(file) for file in self.plan.new_files if file.group not in self._fallen}
        return tuple(entry for _, entry in sorted({**created, **self._files}.items()))

    def standing(self) -> tuple[Site, ...]:
        """The sites that are carried out."""
        return tuple(site for path in sorted(self._files) for site in self._remaining(path))

    def fallen(self) -> frozenset[str]:
        """The files in which a site was planned and is not carried out."""
        return frozenset(path for path, sites in self._sites.items() if len(self._remaining(path)) < len(sites))

    def refusals(self) -> tuple[Refusal, ...]:
        """One refusal for each place that a rejection cost."""
        if not self.rejected:
            return ()
        advice = ENGINE_CODES["rejected"][1]
        return tuple(
            Refusal(site.codemod, site.path, site.span, "rejected", self._reason(site), advice)
            for path in sorted(self._sites)
            for site in self._sites[path]
            if not site.support and not self._stands(site)
        )

    def _reason(self, site: Site) -> str:
        own = self.rejected.get(site.path)
        if own:
            return f"check {own.check}: {own.detail}"
        partner = self._fallen[site.group]
        return f"falls with {partner.path}, check {partner.check}: {partner.detail}"

    def _stands(self, site: Site) -> bool:
        return site.path not in self.rejected and site.group not in self._fallen

    def _remaining(self, path: str) -> tuple[Site, ...]:
        sites = self._sites[path]
        return tuple(site for site in sites if self._stands(site)) if self.rejected else tuple(sites)

    def _drop(self, complaints: Sequence[Rejected]) -> list[str]:
        """Note rejections; answer with the files that must be done again."""
        touched: set[str] = set()
        for complaint in complaints:
            first = self.rejected.setdefault(complaint.path, complaint)
            self._forget(complaint.path)
            for group in self._groups.get(complaint.path, ()):
                self._fallen.setdefault(group, first)
                touched |= self._members.get(group, set())
        again = []
        for path in sorted(touched.difference(self.rejected)):
            self._forget(path)
            if self._remaining(path):
                again.append(path)
        return again

    def _forget(self, path: str) -> None:
        self._files.pop(path, None)
        self.answers.pop(path, None)

    def _carry_out(self, paths: list[str]) -> None:
        work = partial(
            rewrite_and_verify,
            root=self.workspace.root,
            codemod=self.codemod,
            options=self.options,
            question=self.question,
        )
        while paths:
            keys = self._recall(paths)
            tasks = [_Task(path, self._remaining(path), self.carried(path)) for path in keys]
            complaints = []
            rows = {}
            answers = self.executor.spread(work, tasks, batch=BATCH, advance=self.advance, load=workshop)
            for task, answer in zip(tasks, answers, strict=True):
                if isinstance(answer, Died):
                    detail = "the process that rewrote it died"
                    complaints.append(Rejected(task.path, "worker", detail, self.codemod.name))
                elif isinstance(answer, Rejected):
                    complaints.append(answer)
                else:
                    parcel = self._take(task, *answer)
                    if key := keys[task.path]:
                        rows[key] = tuple(parcel.packed())
            if self.rewrites:
                self.rewrites.keep(rows)
            paths = self._drop(complaints)

    def _take(self, task: _Task, parcel: Verified | Parcel, answer: Any) -> Verified | Parcel:
        carried = None if isinstance(task.overlay, Failure) else task.overlay
        self._files[task.path] = parcel.opened(task.path, task.sites, carried)
        if self.question:
            self.answers[task.path] = answer
        return parcel

    def _recall(self, paths: Sequence[str]) -> dict[str, bytes | None]:
        """Take from memory what an equal run made of the same files; the others, each with its key if it has one."""
        if self.rewrites is None:
            return dict.fromkeys(paths)
        keys = {path: self.rewrites.key(path, self.digest(path), self._remaining(path)) for path in paths}
        known = self.rewrites.recall([key for key in keys.values() if key])
        for path, key in list(keys.items()):
            row = known.get(key) if key else None
            before = self._before(path) if row else None
            if row and before:
                self._files[path] = Parcel(*row).opened(path, self._remaining(path), before)
                del keys[path]
        if self.advance and len(keys) < len(paths):
            self.advance(len(paths) - len(keys))
        return keys

    def _before(self, path: str) -> SourceFile | None:
        """The old text, if it is still the one that the digest speaks of."""
        source = self.workspace.overlay.get(path) or read.read(self.workspace.root, path)
        return None if isinstance(source, Failure) or source.digest != self.digest(path) else source


def _created(file: NewFile) -> FileChange:
    from rewire.model.site import Change

    source = SourceFile(file.path, file.text, "utf-8", False, "\n")
    whole = Span(0, len(file.text))
    change = Change("", file.path, Span(0, 0), 1, file.summary, "new file", True, Span(0, 0), whole, file.group)
    return FileChange(file.path, None, source, (change,))


def rewrite_and_verify(
    tasks: Sequence[_Task],
    *,
    root: Any,
    codemod: Codemod[Any, Any],
    options: Any,
    question: Callable[[FileChange], Any] | None,
) -> list[tuple[Verified | Parcel, Any] | Rejected]:
    """The whole work on some files, in a worker. Never raises for a file: what goes wrong is a rejection.

    Beside each file that is accepted: the answer to ``question``.
    """
    answers: list[tuple[Verified | Parcel, Any] | Rejected] = []
    for task in tasks:
        done = _one(task, root, codemod, options)
        if isinstance(done, Verified):
            answers.append((done, question(done.file) if question else None))
        else:
            answers.append(done)
    return answers


def workshop() -> tuple[Callable[..., FileChange | Rejected], Callable[..., Rejected | None]]:
    """What rewrites and what verifies. LibCST comes with it: 0.15 s, 30 MB, once a process."""
    from rewire.rewrite.carry import rewrite_file
    from rewire.verify.check import verify_file

    return rewrite_file, verify_file


def _one(task: _Task, root: Any, codemod: Codemod[Any, Any], options: Any) -> Verified | Rejected:
    rewrite_file, verify_file = workshop()
    source = task.overlay or read.read(root, task.path)
    if isinstance(source, Failure):
        return Rejected(task.path, "read", source.reason, codemod.name)
    try:
        file = rewrite_file(source, task.sites, codemod.transformer(options), options)
        if isinstance(file, Rejected):
            return file
        rejected = verify_file(file, task.sites, codemod, options)
        return rejected or Verified(file, splices(file), task.overlay is not None)
    except Exception as error:
        return Rejected(task.path, "transformer", f"{type(error).__name__}: {error}", codemod.name)
