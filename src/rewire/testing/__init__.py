"""The fixture runner: what our own tests use, and what the tests of anyone's codemod can use.

A folder of cases, and three lines of pytest::

    from rewire.testing import cases, check_case

    @pytest.mark.parametrize("case", cases("tests/fixtures/my_codemod", MyCodemod), ids=str)
    def test_case(case):
        check_case(case)

or, with nothing but Python::

    for case in cases("tests/fixtures/my_codemod", MyCodemod):
        check_case(case)                      # AssertionError, with a diff

A case is one of (``rewire.testing.case`` has every detail):

``changes_*.py``
    the file before, a line of exactly ``# --- after ---``, and the file after
``leaves_*.py``
    a file that must stay as it is, byte for byte
a folder with ``before/``
    a whole project; ``after/`` holds the files that must come out different (no ``after/``: nothing may change), and
    ``case.toml`` says the rest

The first lines of a one-file case may be directives; they are no part of the file::

    # path: app/main.py
    # options: replace=strip, roles=["server"]
    # refuses: dynamic-dsn, no-pool

A case without ``refuses`` must be refused nothing. Every case is checked in more ways than it says: the ledger must
balance (found = changed + refused + suppressed), what comes out must parse and keep every comment, a second run must
find nothing more to change, the same must hold with CRLF line ends and with a byte order mark, and the patch must give
the same tree under ``git apply``. Nothing is ever written into the fixtures.

For a test written in place there are ``check_changes`` and ``check_leaves`` (one file, before and after as strings) and
``rewrite`` (any files, any options, the whole result to look at).
"""

from rewire.testing.case import AFTER, Case, cases, read_case
from rewire.testing.check import check_case, check_changes, check_leaves
from rewire.testing.trial import Trial, rewrite

__all__ = ["AFTER", "Case", "Trial", "cases", "check_case", "check_changes", "check_leaves", "read_case", "rewrite"]
