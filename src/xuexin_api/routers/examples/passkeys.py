"""Passkeys: what browsers are asked, and what an account sees of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.schemas.passkeys import (
    CredentialHint,
    Passkey,
    PasskeyAdded,
    PasskeyList,
    RequestOffered,
    RequestOptions,
)

_NEW: Final = Passkey(
    id=AN_ID,
    name="我的手机",
    aaguid=UUID("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"),
    backed_up=True,
    created_at=NOW,
    last_used_at=None,
    copy_suspected_at=None,
)
_USED: Final = _NEW.model_copy(update={"last_used_at": NOW + timedelta(days=1)})
_COPIED: Final = _USED.model_copy(
    update={"name": "旧安全密钥", "backed_up": False, "copy_suspected_at": NOW + timedelta(days=2)}
)
_CODES: Final = ["7KQ2M9XW4R", "HTV3N8PCJD", "QZ6WE4YBUM"]
_ALONE: Final = RequestOptions.model_validate(
    {
        "challenge": "AZmhssPUfl-Kb3yNng8aKwAAAABpJEIsZrJ2sYVqU2vQ0m8Rf1m2cA",
        "timeout": 300_000,
        "rpId": "example.org",
        "allowCredentials": [],
        "userVerification": "required",
    }
)
_KNOWN: Final = CredentialHint(id="8w9jyoX_mKcUE4mRBTuKZg", type="public-key", transports=["internal"])
_AFTER: Final = RequestOffered(
    public_key=_ALONE.model_copy(update={"allow_credentials": [_KNOWN], "user_verification": "preferred"})
)
PASSKEYS: Final[Examples] = {
    "list_passkeys": {
        "none": Shown("None is set.", PasskeyList(items=[])),
        "set": Shown("One that was used.", PasskeyList(items=[_USED])),
        "copied": Shown("One whose counter fell: there may be a copy.", PasskeyList(items=[_COPIED, _NEW])),
    },
    "add_passkey": {
        "first": Shown(
            "The first second factor, with its recovery codes.", PasskeyAdded(passkey=_NEW, recovery_codes=_CODES)
        ),
        "another": Shown("Beside another; the codes stay good.", PasskeyAdded(passkey=_NEW, recovery_codes=[])),
    },
    "ask_passkey": {"own": Shown("Any of the account's passkeys.", _AFTER)},
    "ask_passkey_to_log_in": {
        "alone": Shown("Whichever its holder chooses; it must verify its user.", RequestOffered(public_key=_ALONE)),
        "ticket": Shown("One of the account's passkeys, after its password.", _AFTER),
    },
    "ask_passkey_to_recover": {"own": Shown("Any of the account's passkeys.", _AFTER)},
}
