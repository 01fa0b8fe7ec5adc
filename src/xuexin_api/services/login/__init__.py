"""Logging in, by one factor and the next."""
