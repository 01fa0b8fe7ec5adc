"""Idempotency-Key in the contract: which operations take it, and what it adds to them."""

from __future__ import annotations

from typing import Any, Final

from xuexin_api.core.errors import (
    AddressLimitedError,
    AlreadyDoneError,
    IdempotencyKeyReusedError,
    OperationInProgressError,
    OutcomeUnknownError,
    RefusalError,
)

ONCE: Final = "x-idempotency"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
PARAMETER: Final = {
    "name": IDEMPOTENCY_HEADER,
    "in": "header",
    "required": False,
    "description": "The same key is not done twice, by this caller and with this body, for 24 hours. Make it random.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}
REPLAYED: Final = {
    "description": "`true` where this is the answer of an earlier request with the same key.",
    "schema": {"type": "string", "const": "true"},
}
_REFUSALS: Final = (OperationInProgressError, IdempotencyKeyReusedError, OutcomeUnknownError, AddressLimitedError)
_TOLD: Final = "told"
_REPEATED: Final = "repeated"


def once(*, secret: bool) -> dict[str, Any]:
    """The `openapi_extra=` of an operation that takes an Idempotency-Key; a `secret` answer is not given twice."""
    return {ONCE: _TOLD if secret else _REPEATED}


def is_secret(kind: str) -> bool:
    """Whether an answer of this kind of `once` is told once and never again."""
    return kind == _TOLD


def refusals_of_key(kind: str) -> tuple[type[RefusalError], ...]:
    """What a key may be refused with."""
    return (*_REFUSALS, AlreadyDoneError) if is_secret(kind) else _REFUSALS
