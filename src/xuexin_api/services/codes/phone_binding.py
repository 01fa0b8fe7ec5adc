"""A proven phone becomes an account's: the same rules wherever that happens."""

from __future__ import annotations

from datetime import datetime

from xuexin_api.core.errors import PhoneBusyError, PhoneProofRejectedError, PhoneRegisteredError
from xuexin_api.repositories.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.lookups import Lookups


class PhoneBinding:
    """Used inside the transaction of the service that asks; the unique index has the last word there."""

    def __init__(self, *, accounts: AccountRepository, codes: CodeRepository, lookups: Lookups) -> None:
        self._accounts = accounts
        self._codes = codes
        self._lookups = lookups

    async def bind(self, account: AccountRow, phone_proof: str | None, *, purpose: str, now: datetime) -> None:
        """Use the proof up and give its phone to the account, in the place of the one it had."""
        secret_hash = self._lookups.secret("phone_proof", phone_proof or "")
        proof = await self._codes.use_proof(secret_hash, purpose=purpose, now=now)
        if proof is None:
            raise PhoneProofRejectedError
        if not await self._codes.lock_phone(proof.phone_key):
            raise PhoneBusyError
        holder = await self._accounts.get_id_by_phone(proof.phone_key)
        if holder not in {None, account.id}:
            raise PhoneRegisteredError(options=PHONE_OPTIONS)
        await self._accounts.set_phone(account.id, proof.phone_key, proof.phone_ciphertext, bound_at=now)
