"""Every code that the import codemods refuse with."""

from __future__ import annotations

from rewire.codemod import RefusalCode

CODES = (
    RefusalCode(
        "script",
        "a launch starts the file as a script, where a relative import has no parent package",
        'start it with `python -m`, or set scripts = "fallback" or "convert"',
    ),
    RefusalCode(
        "possible-script",
        'the file has an `if __name__ == "__main__"` block (or is a `__main__.py`, or begins with `#!` and is imported '
        "by nobody) and no deployment starts it by a module name",
        'set scripts = "fallback" or "convert", or declare the launch in [[tool.rewire.launch]]',
    ),
    RefusalCode(
        "top-level-module",
        "the file is a top-level module of its import root: there is no package to be relative to",
        "nothing to do, unless the launch should start one directory further up",
    ),
    RefusalCode(
        "not-a-module",
        "the file's path spells no module name, so it can only be started as a script",
        "nothing to do: a script keeps absolute imports",
    ),
    RefusalCode(
        "loaded-by-path",
        "the file is executed by its path, outside any package: by a loader of plugins, by alembic, by Sphinx",
        "nothing to do: such a file keeps absolute imports",
    ),
    RefusalCode(
        "flat-name",
        "another file imports this one under its flat name, through sys.path or a fallback",
        "import it by its package's name everywhere first",
    ),
    RefusalCode(
        "edits-path",
        "the file edits sys.path so that its own absolute imports resolve",
        "remove the edit first if the package is installed or started with -m",
    ),
    RefusalCode(
        "test-without-package",
        "a test file in a folder without __init__.py: pytest imports it as a top-level module",
        "add __init__.py to the test folder if its tests should import each other relatively",
    ),
    RefusalCode(
        "no-such-module",
        "no launch context finds the module: style is not the fault",
        "create or rename the module, or remove the import",
    ),
    RefusalCode(
        "no-such-name",
        "the module has no such name: style is not the fault",
        "see where the name is defined, and import it from there",
    ),
    RefusalCode(
        "other-package",
        "the module lies in another top-level package, which no relative import reaches",
        "nothing to do: an absolute import is right here",
    ),
    RefusalCode(
        "beyond-scope",
        "`scope` or `max_level` allows fewer dots than the import would need",
        "raise max_level, or leave it absolute",
    ),
    RefusalCode(
        "differs-by-launch",
        "the import loads different things, or nothing, in some of the contexts that load the file",
        "run `rewire doctor`; make the launches agree on one import root",
    ),
    RefusalCode(
        "fallback-arm",
        "the import is the handler of a try block that falls back between two ways to start: it stays as it is",
        "nothing to do; once every start is a package start, the whole block can go",
    ),
    RefusalCode(
        "broken-fallback",
        "neither arm of the fallback can work: the application cannot start",
        "create the module that is missing, or remove the block",
    ),
    RefusalCode(
        "bare-body",
        "a try block imports a sibling by its flat name and its handler switches a feature off; to convert it would "
        "switch the feature on",
        "decide whether the feature should be on, then write the import by hand",
    ),
    RefusalCode(
        "binds-package",
        "`import a` binds the top-level package itself, which has no relative form",
        "import what is used of it: `from a import b`",
    ),
    RefusalCode(
        "dotted-use",
        "`import a.b` binds `a`, and not every use in the file can follow to the new name",
        "write `from a import b` and use `b` by hand",
    ),
    RefusalCode(
        "shadowed-submodule",
        "the package's __init__ binds the submodule's name to something else, which `from . import` would find",
        "rename one of the two, or leave it absolute",
    ),
    RefusalCode(
        "several-modules",
        "one `import` statement names several modules, which share no relative form",
        "write one statement a module",
    ),
    RefusalCode(
        "joined-line",
        "the module's name runs over several lines",
        "write the module's name on one line",
    ),
    RefusalCode(
        "not-on-its-own",
        'scripts = "fallback" needs the statement on a line of its own, outside any try',
        "put it on a line of its own",
    ),
    RefusalCode(
        "no-form-fits",
        "no single form of the import resolves in every context that loads the file",
        "run `rewire doctor`; make the launches agree on one import root",
    ),
    RefusalCode(
        "closure",
        "another import that the same launch loads cannot be changed, and half a change of root is worse than none",
        "mend the import that the reason names first",
    ),
)

ADVICE = {entry.code: entry.advice for entry in CODES}
