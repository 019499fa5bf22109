"""Checks that run on every rewritten file, in production: accepted or ``Rejected(check, detail)``."""
