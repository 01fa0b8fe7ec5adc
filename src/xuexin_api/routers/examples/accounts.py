"""An account in its states, and the tokens of its sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from xuexin_api.openapi import Examples, Shown
from xuexin_api.schemas.accounts import Account, Tokens

NOW: Final = datetime(2026, 11, 24, 8, tzinfo=UTC)
AN_ID: Final = UUID("0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
DEVICE_TOKEN: Final = "AZmhssPUfl-Kb3yNng8aKw=="
ACTIVE: Final = Account(
    id=AN_ID,
    state="active",
    name="示例同学",
    phone_masked="+86170****0001",
    email_masked=None,
    email_verified=False,
    document_type="SFZ",
    document_number_masked="4301**********1234",
    verified=False,
    created_at=NOW,
)
WITH_EMAIL: Final = ACTIVE.model_copy(update={"email_masked": "s***@example.edu", "email_verified": True})
VERIFIED: Final = WITH_EMAIL.model_copy(update={"verified": True})
WITHOUT_PHONE: Final = WITH_EMAIL.model_copy(update={"phone_masked": None})
CONFLICT: Final = ACTIVE.model_copy(update={"state": "conflict"})
TOKENS: Final = Tokens(
    access_token="eyJhbGciOiJFUzI1NiIsImtpZCI6Im9LSSIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
    token_type="Bearer",
    expires_in=600,
    refresh_token="AZmhssPUfl-Kb3yNng8aKwAAAAE",
    refresh_expires_in=1209600,
    acr="urn:xuexin:acr:login",
)
VERIFIED_TOKENS: Final = TOKENS.model_copy(update={"acr": "urn:xuexin:acr:verified"})
ACCOUNTS: Final[Examples] = {
    "get_account": {
        "active": Shown("As registered: it claims to be somebody.", ACTIVE),
        "verified": Shown("Proven to be a person: the archive is within reach.", VERIFIED),
        "without_phone": Shown("Its number was proven by somebody else, who registered with it.", WITHOUT_PHONE),
        "conflict": Shown("Somebody else has its document: locked until a case is decided.", CONFLICT),
    }
}
