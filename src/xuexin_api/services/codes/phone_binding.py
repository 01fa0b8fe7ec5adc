"""A proven phone becomes an account's: the same rules wherever that happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import PhoneBusyError, PhoneProofRejectedError, PhoneRegisteredError
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices


@dataclass(frozen=True, slots=True)
class NewPhone:
    """The proof of a phone, and whether its holder wants it also from another account that has it."""

    proof: str | None
    takes_over: bool = False


class PhoneBinding:
    """Used inside the transaction of the service that asks; the unique index has the last word there."""

    def __init__(
        self,
        *,
        accounts: AccountRepository,
        codes: CodeRepository,
        sessions: SessionRepository,
        audit: AuditRepository,
        notices: Notices,
        lookups: Lookups,
        entropy: Entropy,
    ) -> None:
        self._accounts = accounts
        self._codes = codes
        self._sessions = sessions
        self._audit = audit
        self._notices = notices
        self._lookups = lookups
        self._entropy = entropy

    async def bind(self, account: AccountRow, phone: NewPhone, *, purpose: str, now: datetime) -> None:
        """Use the proof up and give its phone to the account, in the place of the one it had."""
        secret_hash = self._lookups.secret("phone_proof", phone.proof or "")
        proof = await self._codes.use_proof(secret_hash, purpose=purpose, now=now)
        if proof is None:
            raise PhoneProofRejectedError
        if account.phone_key != proof.phone_key:
            # Whoever contests a document and proves its holder's phone takes away the channel where the holder is told.
            contested = account.state == "conflict"
            spared = await self._accounts.get_id_by_document(account.document_key) if contested else None
            await self.clear(proof.phone_key, takes_over=phone.takes_over, spares=spared, now=now)
        await self._accounts.set_phone(account.id, proof.phone_key, proof.phone_ciphertext, bound_at=now)

    async def clear(self, phone_key: bytes, *, takes_over: bool, spares: UUID | None = None, now: datetime) -> None:
        """The proven phone is nobody's, for the rest of this transaction; a 409 where it is and may not be taken.

        From the account that `spares` names it is never taken.

        A recycled number leaves its old account, which keeps all else and is told by its other channel. What the number
        had begun there ends with it: it must not be finished by whoever holds the number now.
        """
        if not await self._codes.lock_phone(phone_key):
            raise PhoneBusyError
        holder_id = await self._accounts.get_id_by_phone(phone_key)
        if holder_id is None:
            return
        if not takes_over or holder_id == spares:
            raise PhoneRegisteredError(options=PHONE_OPTIONS)
        # Whoever takes may have an account locked already, and the holder may want its phone: nobody waits here.
        holder = await self._accounts.lock(holder_id, skips_locked=True)
        if holder is None or holder.phone_key != phone_key:
            raise PhoneBusyError
        await self._accounts.release_phone(holder_id)
        await self._sessions.end_flows(holder_id, now=now)
        without_phone = replace(holder, phone_key=None, phone_ciphertext=None)
        await self._notices.post(without_phone, "body_phone_taken_over", now=now)
        await self._audit.add(
            self._entropy.identifier(), "account:phone:taken_over", account_id=holder_id, session_id=None, now=now
        )
