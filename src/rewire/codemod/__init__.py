"""The front door for authors of codemods: the only thing that a codemod imports from rewire.

Light to import. What needs LibCST lives in ``rewire.codemod.cst`` and is imported by a codemod's ``transformer.py``
and, inside functions, by its ``locate``.
"""

from rewire.codemod.base import Codemod, RefusalCode
from rewire.codemod.options import option
from rewire.errors import NestedTooDeeply, NotLossless, NotPython, SourceError
from rewire.model.project import Context, ImportedName, ImportRoot, Launch, Loading, Project, Target
from rewire.model.site import BLOCK, INSERT, Change, NewFile, Note, Plan, Promise, Refusal, Site
from rewire.model.source import SourceFile, Span
from rewire.syntax.blocks import Clause, Guard, PathEdit, has_main_guard, path_edits, read_clauses
from rewire.syntax.import_statement import ImportStatement, read_import_at
from rewire.syntax.imports import read_imports
from rewire.syntax.lexical import Layout, LogicalLine, scan

__all__ = [
    "BLOCK",
    "INSERT",
    "Change",
    "Clause",
    "Codemod",
    "Context",
    "Guard",
    "ImportRoot",
    "ImportStatement",
    "ImportedName",
    "Launch",
    "Layout",
    "Loading",
    "LogicalLine",
    "NestedTooDeeply",
    "NewFile",
    "NotLossless",
    "NotPython",
    "Note",
    "PathEdit",
    "Plan",
    "Project",
    "Promise",
    "Refusal",
    "RefusalCode",
    "Site",
    "SourceError",
    "SourceFile",
    "Span",
    "Target",
    "has_main_guard",
    "option",
    "path_edits",
    "read_clauses",
    "read_import_at",
    "read_imports",
    "scan",
]
