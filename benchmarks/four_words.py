"""Four codemods that each change one line of every made-up module: what a run of four commits is measured with.

Installed as anybody's plug-in is: a package and its entry point in a folder on ``PYTHONPATH``.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("copy-first", "copy-second", "copy-third", "copy-fourth")
"""The names of the codemods."""

CODEMOD = '''
"""``return found`` becomes ``return dict(found)``, in one function of a file."""

from __future__ import annotations

import re

from rewire.codemod import Codemod, Plan, Promise, Site, Span

PLACE = re.compile("return found$", re.MULTILINE)


class Copy(Codemod):
    """Return a copy."""

    name = "@name@"
    summary = "return a copy"
    promise = Promise.CHECKED
    position = 200 + @number@
    default = False

    def markers(self, project, options):
        return (b"return found",)

    def locate(self, source, markers, options):
        places = [match.start() for match in PLACE.finditer(source.text)]
        if source.text.count("dict(found)") != @number@ or not places:
            return None
        return places[0]

    def plan(self, facts, project, options):
        return Plan(
            tuple(
                Site(self.name, path, Span(start, start + len("return found")), "Return", None, "return a copy", "copy")
                for path, start in facts.items()
            )
        )

    def transformer(self, options):
        from .transformer import Copier

        return Copier()
'''

TRANSFORMER = '''
"""Carries it out."""

import libcst as cst

from rewire.codemod.cst import SiteTransformer


class Copier(SiteTransformer):
    """Wraps what is returned."""

    def rewrite(self, site, original, updated):
        return updated.with_changes(value=cst.Call(cst.Name("dict"), [cst.Arg(updated.value)]))
'''


def install_words(folder: Path) -> Path:
    """Write the plug-in below ``folder`` and return it: what goes on ``PYTHONPATH``."""
    shutil.rmtree(folder, ignore_errors=True)
    for number, name in enumerate(WORDS):
        package = folder / "four_words_plugin" / name.replace("-", "_")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'"""{name}: return a copy."""\n')
        (package / "codemod.py").write_text(CODEMOD.replace("@name@", name).replace("@number@", str(number)).lstrip())
        (package / "transformer.py").write_text(TRANSFORMER.lstrip())
    (folder / "four_words_plugin" / "__init__.py").write_text('"""Four codemods for a benchmark."""\n')
    about = folder / "four_words_plugin-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: four-words-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[rewire.codemods]\nfour-words = four_words_plugin\n")
    return folder
