"""What classmates vouch for: evidence of a case, or a verification without any conflict."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from xuexin_api.core.case_rules import Evidence
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.identity.identity import VerificationRepository
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.messaging.notices import Notices


class VouchingHome(Protocol):
    """Works inside the transaction of the answer."""

    async def note(self, kind: str, *, now: datetime) -> None:
        """One line of its log."""
        ...

    async def enough(self, person_id: UUID, *, now: datetime) -> None:
        """As many as are needed have said that the applicant is this person."""
        ...


class CaseVouching:
    """It is evidence as soon as enough have vouched."""

    def __init__(self, case_id: UUID, *, log: CaseLog, opening: CaseOpening) -> None:
        self._case_id = case_id
        self._log = log
        self._opening = opening

    async def note(self, kind: str, *, now: datetime) -> None:
        await self._log.note(self._case_id, kind, "classmate", now=now)

    async def enough(self, person_id: UUID, *, now: datetime) -> None:
        await self._opening.add_evidence(self._case_id, Evidence.CLASSMATES, person_id, "classmate", now=now)


class VerificationVouching:
    """The applicant is told, and asks for the tokens: until then nothing is decided, and no account touched."""

    def __init__(
        self,
        verification_id: UUID,
        applicant_id: UUID,
        *,
        verifications: VerificationRepository,
        accounts: AccountRepository,
        notices: Notices,
    ) -> None:
        self._verification_id = verification_id
        self._applicant_id = applicant_id
        self._verifications = verifications
        self._accounts = accounts
        self._notices = notices

    async def note(self, kind: str, *, now: datetime) -> None:
        await self._verifications.add_event(self._verification_id, kind, "classmate", now=now)

    async def enough(self, person_id: UUID, *, now: datetime) -> None:
        del person_id
        applicant = await self._accounts.get(self._applicant_id)
        if applicant is not None:
            await self._notices.post_everywhere(applicant, "body_classmates_vouched", now=now)
