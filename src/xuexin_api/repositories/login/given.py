"""What the statements of a login have in common: their values by name, and the two counters of failed logins."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, DateTime, LargeBinary, Uuid, bindparam, func, literal
from sqlalchemy.types import TypeEngine

FAILURES: Final = literal("login_failures")
"""Of one login name from one network, or from one device of its owner."""
FAILURES_OF_STRANGERS: Final = literal("login_failures_of_strangers")
"""Of one login name from everywhere but its owner's devices."""
NAME_BYTES: Final = 16
"""A stranger's subject begins with that of the login name, which all strangers share."""
UUID_TYPE: Final = Uuid()
BYTES: Final = LargeBinary()
MOMENT: Final = DateTime(timezone=True)


def given(name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """A value of the statement. A parameter with a column's name would be taken for a value of that column."""
    return bindparam(f"given_{name}", type_=type_)


def values_of(**values: object) -> dict[str, object]:
    """The values of `given` by their names."""
    return {f"given_{name}": value for name, value in values.items()}


def name_of(subject: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """The part of a stranger's subject that all strangers share."""
    return func.substring(subject, 1, NAME_BYTES, type_=BYTES)


NOW: Final = given("now", MOMENT)
