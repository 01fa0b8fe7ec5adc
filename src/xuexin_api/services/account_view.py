"""An account as its owner sees it: opened where needed, masked always."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.emails import mask_email
from xuexin_api.core.phones import mask_phone
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, EMAIL_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow


@dataclass(frozen=True, slots=True)
class AccountView:
    """`email_masked` shows also an address that does not count yet; `email_verified` says which."""

    id: UUID
    state: str
    name: str
    phone_masked: str | None
    email_masked: str | None
    email_verified: bool
    document_type: str
    document_number_masked: str
    verified: bool
    created_at: datetime


def view_account(row: AccountRow, sealer: Sealer) -> AccountView:
    """The owner's view of a stored account."""
    phone, email = row.phone_ciphertext, row.email_ciphertext
    return AccountView(
        id=row.id,
        state=row.state,
        name=row.name,
        phone_masked=None if phone is None else mask_phone(sealer.open(phone, PHONE_CONTEXT).decode()),
        email_masked=None if email is None else mask_email(sealer.open(email, EMAIL_CONTEXT).decode()),
        email_verified=row.email_verified_at is not None,
        document_type=row.document_type,
        document_number_masked=mask_document_number(sealer.open(row.document_ciphertext, DOCUMENT_CONTEXT).decode()),
        verified=row.person_id is not None,
        created_at=row.created_at,
    )
