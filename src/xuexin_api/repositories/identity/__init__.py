"""Persons, verifications and cases."""
