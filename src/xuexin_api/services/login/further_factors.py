"""What a login asks for after its first factor; each try is counted per day before it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from xuexin_api.core.policies import LoginPolicy
from xuexin_api.core.second_factors import PASSKEY, RECOVERY_CODE, TOTP
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import seconds_until
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.record_facts import judge_facts
from xuexin_api.services.login.passkey_checking import Use
from xuexin_api.services.login.second_factors import SecondFactor, SecondFactors
from xuexin_api.services.lookups import Lookups

PASSWORD: Final = "password"
RECORD_FACT: Final = "record_fact"
PHONE_PROOF: Final = "phone_proof"
THIRD_PARTY: Final = "third_party"
_SECOND: Final = frozenset({PASSKEY, TOTP, RECOVERY_CODE})
METHODS: Final = {
    PASSWORD: ("pwd",),
    RECORD_FACT: ("kba",),
    # A key was proven to be held, by a person who was there; of what make it is kept, nobody is asked.
    PASSKEY: ("pop", "user", "mfa"),
    TOTP: ("otp", "mfa"),
    RECOVERY_CODE: ("otp", "mfa"),
    PHONE_PROOF: ("sms",),
    # RFC 8176 has no word for it; this one is in common use.
    THIRD_PARTY: ("fed",),
}
"""What each factor adds to `amr` (RFC 8176)."""
# Numbers change hands and prove no person; what its owner linked does not.
_PROVES_THE_PERSON: Final = frozenset({"pwd", "kba", "mfa", "fed"})
_FACT: Final = "candidate_number"
_PASSWORD_TRIES: Final = "ticket_passwords"
_PERSON_TRIES: Final = "ticket_person"


class FurtherFactors:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self,
        *,
        second: SecondFactors,
        accounts: AccountRepository,
        records: RecordRepository,
        counters: CounterRepository,
        lookups: Lookups,
        policy: LoginPolicy,
    ) -> None:
        self._second = second
        self._accounts = accounts
        self._records = records
        self._counters = counters
        self._lookups = lookups
        self._policy = policy

    async def count(
        self, account_id: UUID, given: SecondFactor, use: Use, device_hash: bytes | None, *, now: datetime
    ) -> int | None:
        """Count a try; the seconds to wait where it is one too many today. Commit this before judging.

        A fact of the record is counted for its person, apart from the verifications of whoever claims the document. A
        phone proof is counted where it is made.
        """
        if given.factor == PHONE_PROOF:
            return None
        if given.factor == RECORD_FACT:
            row = await self._accounts.get(account_id)
            subject = b"" if row is None else row.document_key
            tries = await self._counters.add_one(_PERSON_TRIES, subject, now=now, window_ends_at=now + DAY)
            most = self._policy.facts_per_person_day
        else:
            most = self._policy.factor_tries_per_day
            if given.factor == PASSWORD:
                subject = self._subject(account_id, device_hash)
                tries = await self._counters.add_one(_PASSWORD_TRIES, subject, now=now, window_ends_at=now + DAY)
            else:
                tries = await self._second.count_for(account_id, given, use, device_hash, now=now)
        return seconds_until(tries.window_ends_at, now) if tries.count > most else None

    async def check(
        self, row: AccountRow, given: SecondFactor, use: Use, device_hash: bytes | None, *, now: datetime
    ) -> bool:
        """Whether the answer is right, and used up where it is good once; a right one takes its counted try back.

        A password comes judged: no transaction waits for a hash. A phone proof is bound by the caller.
        """
        if given.factor in _SECOND:
            return await self._second.check(row.id, given, use, device_hash, now=now)
        if given.factor == PASSWORD:
            await self._counters.take_back(_PASSWORD_TRIES, self._subject(row.id, device_hash))
        if given.factor == RECORD_FACT:
            # Read and compared for everybody, so that an account without a person or a record does the same.
            records = await self._records.list_facts_for_document(row.document_key)
            person = judge_facts(records, row.name, (_FACT,), {_FACT: given.answer})
            if person is None or person != row.person_id:
                return False
            await self._counters.take_back(_PERSON_TRIES, row.document_key)
        return True

    def _subject(self, account_id: UUID, device_hash: bytes | None) -> bytes:
        """All unknown devices together: whoever tries here has proven the account's phone."""
        return self._lookups.attempt(_PASSWORD_TRIES, account_id.bytes, device_hash or b"")


def still_asked(row: AccountRow, methods: Sequence[str], *, known: bool) -> tuple[str, ...]:
    """The factors of which the next must be one; `known` is a device that logged in to the account before.

    A phone may be a recycled number: who holds it sees the same two factors whether or not there is a person behind
    the account. An account without a phone lost it to who holds the number now, and binds a new one before it goes on.
    """
    if row.second_factors and "mfa" not in methods:
        return (*row.second_factors, RECOVERY_CODE)
    if not known and not _PROVES_THE_PERSON & set(methods):
        return (PASSWORD, RECORD_FACT)
    return (PHONE_PROOF,) if row.phone_key is None else ()
