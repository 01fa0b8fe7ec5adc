"""Accounts, what changes them and what is held about them."""
