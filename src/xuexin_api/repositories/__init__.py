"""Statements, and nothing but statements: no decision, no commit, no clock. `get*` returns None, never refuses."""
