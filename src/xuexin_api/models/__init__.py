"""Tables and their constraints. No queries, no rules: a constraint's name is part of the contract."""

from xuexin_api.models import (
    accounts,
    archive,
    cases,
    changes,
    codes,
    factors,
    help_centre,
    help_requests,
    help_robot,
    idempotency,
    identity,
    installation,
    messages,
    proofs,
    recovery,
    staff,
    third_party,
)
from xuexin_api.models.base import Base

__all__ = [
    "Base",
    "accounts",
    "archive",
    "cases",
    "changes",
    "codes",
    "factors",
    "help_centre",
    "help_requests",
    "help_robot",
    "idempotency",
    "identity",
    "installation",
    "messages",
    "proofs",
    "recovery",
    "staff",
    "third_party",
]
