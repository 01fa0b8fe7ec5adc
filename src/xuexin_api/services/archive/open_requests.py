"""What somebody asked of records that are theirs no more: ended by what took them, and everybody told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from xuexin_api.core.corrections import CorrectionState, CorrectionStep
from xuexin_api.core.record_claims import CAME_ALONG, GIVEN_TO_ANOTHER, GRANT_UNDONE, ClaimState, ClaimStep, sources
from xuexin_api.repositories.archive.claims import ClaimRepository, ClaimRow
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.archive.claim_log import ClaimLog
from xuexin_api.services.archive.correction_log import CorrectionLog

_MOST: Final = 100
_TOLD: Final = {GRANT_UNDONE: "body_correction_ended", GIVEN_TO_ANOTHER: "body_correction_given"}
_TOLD_OF_CLAIMS: Final = {GRANT_UNDONE: "body_claim_ended", CAME_ALONG: "body_claim_came_along"}


class OpenRequests:
    """Works inside the transaction of grant or undoing. A desk that has one reads in its log why it waits no more."""

    def __init__(
        self,
        *,
        corrections: CorrectionRepository,
        correction_log: CorrectionLog,
        claims: ClaimRepository,
        claim_log: ClaimLog,
        holders: ClaimHolders,
    ) -> None:
        self._corrections = corrections
        self._correction_log = correction_log
        self._claims = claims
        self._claim_log = claim_log
        self._holders = holders

    async def end_of_records(
        self, enrollment_ids: Collection[UUID], *, lost_by: UUID, back_to: UUID, now: datetime
    ) -> None:
        """Corrections by whoever lost these records, and claims by whose they are again: who had them hears of that."""
        await self._withdraw(await self._open_of_person(lost_by, enrollment_ids), GRANT_UNDONE, now=now)
        for claim in await self._claims.list_waiting_of_person(back_to, enrollment_ids, most=_MOST):
            await self._end(claim, GRANT_UNDONE, now=now)

    async def end_of_winner(self, claim: ClaimRow, enrollment_ids: Collection[UUID], *, now: datetime) -> None:
        """Other claims of theirs to records that this one gave them: they are answered, and no desk could grant them.

        Whoever had a record hears of that by the grant.
        """
        for other in await self._claims.list_others_of_account(claim, enrollment_ids, most=_MOST):
            await self._end(other, CAME_ALONG, now=now)

    async def end_of_loser(self, enrollment_ids: Collection[UUID], *, lost_by: UUID, now: datetime) -> None:
        """Corrections by whose these records were until a claim gave them: no desk could apply them any more."""
        await self._withdraw(await self._open_of_person(lost_by, enrollment_ids), GIVEN_TO_ANOTHER, now=now)

    async def end_of_account(self, account_id: UUID, *, now: datetime) -> None:
        """All corrections and claims of an account that lost its person."""
        rows = await self._corrections.list_open_of_account(account_id, most=_MOST)
        await self._withdraw(rows, GRANT_UNDONE, now=now)
        for claim in await self._claims.list_waiting_of_account(account_id, most=_MOST):
            await self._end(claim, GRANT_UNDONE, now=now)
            await self._holders.tell_outcome(claim, ClaimStep.WITHDRAW, now=now)

    async def _open_of_person(self, person_id: UUID, enrollment_ids: Collection[UUID]) -> list[CorrectionRow]:
        return await self._corrections.list_open_of_person(person_id, enrollment_ids, most=_MOST)

    async def _withdraw(self, rows: Sequence[CorrectionRow], reason: str, *, now: datetime) -> None:
        for row in rows:
            moved = await self._corrections.move(
                row,
                CorrectionStep.WITHDRAW,
                CorrectionState.WITHDRAWN,
                reason=reason,
                held_since=now,
                due_at=None,
                assigned_to=None,
                assigned_at=None,
            )
            assert moved, "it is locked"
            await self._correction_log.note(row.id, CorrectionState.WITHDRAWN, "service", now=now, reason=reason)
            await self._correction_log.tell_owner(row.account_id, _TOLD[reason], now=now, school=row.institution_name)

    async def _end(self, claim: ClaimRow, reason: str, *, now: datetime) -> None:
        moved = await self._claims.move(
            claim.id, sources(ClaimStep.WITHDRAW), ClaimState.WITHDRAWN, now=now, reason=reason
        )
        assert moved, "it is locked"
        await self._claim_log.note(claim.id, ClaimState.WITHDRAWN, "service", now=now, reason=reason)
        school, told = claim.institution_name, _TOLD_OF_CLAIMS[reason]
        await self._claim_log.tell_owner(claim.account_id, told, now=now, school=school)
