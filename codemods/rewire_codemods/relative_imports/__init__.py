"""Write imports of the project's own modules relative, where that works in every way in which the file is loaded.

Before::

    from backend.deps import get_db
    from backend.models import (  # all of them
        User,
        Session as DbSession,
    )
    import backend.settings as settings

After, in ``backend/routers/users.py``::

    from ..deps import get_db
    from ..models import (  # all of them
        User,
        Session as DbSession,
    )
    from .. import settings as settings

An import is right if it resolves, module and name, in every launch context that loads its file. So the files that
start the program are read first (``rewire doctor`` shows what was found), then each import is resolved in each context,
and only what means the same before and after is changed: each changed statement loads the same module, takes the same
names and binds the same names. Comments, line breaks, parentheses and the number of lines stay.

Left alone, and listed with the reason: files that are started as scripts, or may be (an ``if __name__ ==
"__main__"`` block that no launch explains); top-level modules of an import root; test files in folders without
``__init__.py``; modules that others import under a flat name; files that code of the project loads by their path
(plugins, engines); files that edit ``sys.path``; imports of another top-level package; imports of what does not exist;
the handlers of fallback blocks. Text that names modules
(``mock.patch("a.b")``, ``"app.main:app"``) is never touched, because no module's name changes.
"""
