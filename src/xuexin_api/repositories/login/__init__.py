"""Logins, sessions and factors."""
