"""Asking classmates to vouch, for a case or for a verification: few, each once, and the same whoever's the phone is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import BrokenRuleError, CaseLimitReachedError, FieldProblem, InvalidRequestError
from xuexin_api.core.names import name_key
from xuexin_api.core.phones import mask_phone, parse_phone
from xuexin_api.core.policies import CasePolicy
from xuexin_api.core.sealing import PHONE_CONTEXT, Sealer
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.vouchings import AskedRow, VouchingPlace, VouchingRepository
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.vouching_codes import VouchingCodes
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices

_BODY: Final = "body_vouching_asked"
_TOLD: Final = "vouching_told"
_MOST_TOLD: Final = 3
"""Messages to one number in a day, whoever asks: further requests stand in the list without one."""


@dataclass(frozen=True, slots=True)
class AskedClassmate:
    """Who was asked to vouch, and the code to tell them in person."""

    phone_masked: str
    state: str
    code: str
    asked_at: datetime
    answered_at: datetime | None


class AskedClassmates:
    """Works inside the transaction of the service that asks."""

    def __init__(
        self,
        *,
        vouchings: VouchingRepository,
        accounts: AccountRepository,
        notices: Notices,
        codes: VouchingCodes,
        lookups: Lookups,
        sealer: Sealer,
        policy: CasePolicy,
        counters: CounterRepository,
        entropy: Entropy,
    ) -> None:
        self._vouchings = vouchings
        self._accounts = accounts
        self._notices = notices
        self._codes = codes
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._counters = counters
        self._entropy = entropy

    async def shown(self, places: Sequence[VouchingPlace]) -> dict[VouchingPlace, list[AskedClassmate]]:
        """Who was asked for each, oldest first, as whoever asked may see them."""
        asked = await self._vouchings.list_asked(places)
        return {place: [self._show(row) for row in rows] for place, rows in asked.items()}

    async def ask(self, place: VouchingPlace, phone: str, applicant: AccountRow, *, now: datetime) -> bool:
        """Ask whoever of the class has this phone; False where this number was asked before."""
        asked = (await self._vouchings.list_asked([place]))[place]
        if phone in {self._phone_of(row) for row in asked}:
            return False
        if len(asked) >= self._policy.classmates_asked:
            raise CaseLimitReachedError
        key = self._lookups.phone(phone)
        found = await self._vouchings.find_classmates(key, applicant.document_key)
        mate = next((one for one in found if name_key(one.claimed_name) == name_key(applicant.name)), None)
        vouching_id = self._entropy.identifier()
        await self._vouchings.add(
            place.columns
            | {
                "id": vouching_id,
                "account_id": None if mate is None else mate.account_id,
                "person_id": None if mate is None else mate.person_id,
                "enrollment_id": None if mate is None else mate.enrollment_id,
                "phone_key": key,
                "phone_ciphertext": self._sealer.seal(phone.encode(), PHONE_CONTEXT),
                "state": "asked",
                "created_at": now,
            }
        )
        # As many rows are read and written where the phone is nobody's who could vouch.
        voucher = await self._accounts.get(vouching_id if mate is None else mate.account_id)
        told = await self._counters.add_one(_TOLD, key, now=now, window_ends_at=now + DAY)
        await self._notices.post_or_pretend(voucher if told.count <= _MOST_TOLD else None, _BODY, now=now)
        return True

    def _phone_of(self, row: AskedRow) -> str:
        return self._sealer.open(row.phone_ciphertext, PHONE_CONTEXT).decode()

    def _show(self, row: AskedRow) -> AskedClassmate:
        phone = self._phone_of(row)
        masked = phone if row.forgotten else mask_phone(phone)
        return AskedClassmate(masked, row.state, self._codes.code_of(row.id), row.created_at, row.answered_at)


def classmates_phone(phone: str) -> str:
    """As it is kept; InvalidRequestError where it is no phone."""
    try:
        return parse_phone(phone)
    except BrokenRuleError as broken:
        raise InvalidRequestError([FieldProblem("/phone", broken.code, broken.params)]) from None
