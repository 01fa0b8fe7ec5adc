"""Addresses, statuses and words for the contract; each endpoint calls one service and returns a schema."""
