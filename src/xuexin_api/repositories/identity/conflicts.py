"""Uniqueness is decided by the database; a conflict is known by the name of its constraint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from xuexin_api.core.errors import RefusalError


@contextmanager
def refused_by(refusals: Mapping[str, RefusalError]) -> Iterator[None]:
    """Turn a broken constraint into its refusal; a constraint that is not named here is a fault, and rises."""
    try:
        yield
    except IntegrityError as conflict:
        cause = getattr(conflict.orig, "__cause__", None)
        refusal = refusals.get(getattr(cause, "constraint_name", "") or "")
        if refusal is None:
            raise
        raise refusal from None
