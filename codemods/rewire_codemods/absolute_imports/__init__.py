"""Write relative imports absolute: the way back from relative-imports, and out of flat imports of siblings.

Before, in ``backend/routers/users.py``::

    from ..deps import get_db
    from . import schemas
    from helpers import page

After::

    from backend.deps import get_db
    from backend.routers import schemas
    from backend.routers.helpers import page

The full name is the one under which every launch context that loads the file finds the module; ``src`` of a src layout
is no part of it. A flat import (``from helpers import page``) is changed only where some context does not find it, and
in all files that import that module flat or in none of them.

Left alone, and listed with the reason: files that are loaded in different packages by different launches; flat imports
of a file that has a ``__main__`` block while nothing says how it is started (started by its path it finds its siblings
flat, and by no other name), and of what such a file loads flat; imports of
what does not exist; fallback blocks; names that the standard library has too. Runs only when selected.
"""
