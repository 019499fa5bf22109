"""A small shop whose back end has seen better days."""
