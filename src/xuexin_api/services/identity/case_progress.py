"""The steps of a handed-in case: who is told, when it takes effect, the grant and the way back from it.

Works inside transactions that hold the document's lock.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from xuexin_api.core.case_rules import (
    BOTH_SIDES,
    QUEUED,
    CaseState,
    Facts,
    Holding,
    Meeting,
    Rank,
    Step,
    Strength,
    may_move,
    meet,
    next_step,
)
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    CaseOvertakenError,
    DocumentUnderReviewError,
    EvidenceNeededError,
    HolderChangedError,
    Option,
    PhotoSideMissingError,
    StrongerEvidenceNeededError,
)
from xuexin_api.core.policies import CasePolicy
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.identity.cases import CaseRepository, CaseRow, EvidenceRow, HolderRow
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.services.archive.open_requests import OpenRequests
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.lookups import Lookups

_ORDER: Final = (Holding.NOBODY, Holding.UNVERIFIED, Holding.WEAK, Holding.STRONG)
_CONTESTING: Final = frozenset({CaseState.NOTICE, CaseState.IN_REVIEW})
_LIVING: Final = frozenset({"active", "closing"})


class CaseProgress:
    """Facts are gathered here, the next state is a pure function's, and what it means for accounts is done here."""

    def __init__(
        self,
        *,
        cases: CaseRepository,
        photos: PhotoRepository,
        accounts: AccountRepository,
        persons: PersonRepository,
        sessions: SessionRepository,
        recoveries: RecoveryRepository,
        requests: OpenRequests,
        log: CaseLog,
        lookups: Lookups,
        policy: CasePolicy,
        entropy: Entropy,
    ) -> None:
        self._cases = cases
        self._photos = photos
        self._accounts = accounts
        self._persons = persons
        self._sessions = sessions
        self._recoveries = recoveries
        self._requests = requests
        self._log = log
        self._lookups = lookups
        self._policy = policy
        self._entropy = entropy

    async def proceed(self, case: CaseRow, *, now: datetime) -> CaseState:
        """Bring the case to where it stands now, with everything that follows from that.

        A draft that cannot be handed in stays one: EvidenceNeededError, PhotoSideMissingError,
        StrongerEvidenceNeededError, or DocumentUnderReviewError where a claim that is not weaker waits.
        """
        claimant = await self._accounts.lock(case.account_id)
        if claimant is None or claimant.state != "conflict":
            await self._move(case, Step(CaseState.WITHDRAWN, now, 0), now, strength=case.strength)
            return CaseState.WITHDRAWN
        evidence = (await self._cases.list_evidence([case.id]))[case.id]
        strength = _strongest(evidence)
        person_id = await self._person_of(claimant, evidence)
        sides = {side for _, side in await self._photos.list_unjudged(PhotoPlace(case_id=case.id))}
        if sides and sides != BOTH_SIDES:
            raise PhotoSideMissingError
        unseen = bool(sides)
        holders = await self._accounts.list_holders_for_update(case.document_key, person_id)
        told = {row.account_id: row for row in await self._cases.list_holders(case.id)}
        step = next_step(
            Facts(
                holding=max((holding_of(holder) for holder in holders), key=_ORDER.index, default=Holding.NOBODY),
                evidence=strength,
                unseen=unseen,
                told_at=max((told[one.id].told_at if one.id in told else now for one in holders), default=now),
                reachable=all(told[one.id].reachable if one.id in told else _reachable(one) for one in holders),
                objected=any(row.objected_at is not None for row in told.values()),
                approvals=case.approvals,
                refused_by_reviewer=await self._cases.is_rejected_by_reviewer(case.id, case.round),
                now=now,
            ),
            self._policy,
        )
        if step.state is CaseState.REJECTED and case.state == CaseState.DRAFT:
            raise EvidenceNeededError if strength is None else StrongerEvidenceNeededError
        step = await self._give_way(case, step, _rank(strength, unseen=unseen), now=now)
        if case.state == CaseState.DRAFT:
            await self._log.note(case.id, "submitted", "claimant", now=now)
        if step.state in _CONTESTING:
            await self._tell(case, holders, told, step, now)
        await self._move(case, step, now, strength=strength, person_id=person_id)
        if step.state is CaseState.APPROVED:
            await self._grant(case, claimant, holders, told, person_id, str(strength), now)
        elif step.state is CaseState.REJECTED:
            await self._log.tell(claimant, "body_case_rejected", now=now)
            await self._log.audit("reject", claimant.id, now=now)
        return step.state

    async def _give_way(self, case: CaseRow, step: Step, mine: Rank, *, now: datetime) -> Step:
        """A stronger claim ends a weaker one that waits; any other gives way to it."""
        if step.state is CaseState.REJECTED:
            return step
        for other in await self._cases.list_waiting_for_document(case.document_key):
            if other.id == case.id:
                continue
            meeting = meet(mine, _rank(other.strength, unseen=other.state == CaseState.SUBMITTED))
            if meeting is Meeting.PREEMPTS:
                await self._end(other, "preempted", now=now)
            elif meeting is Meeting.WAITS and case.state == CaseState.DRAFT:
                raise DocumentUnderReviewError(options=(Option("withdraw_case"),))
            elif meeting is Meeting.WAITS:
                return replace(step, state=CaseState.REJECTED, reason="another_claim_waits")
        return step

    async def _end(self, case: CaseRow, reason: str, *, now: datetime) -> None:
        """Rejected by the course of things, and its claimant told."""
        await self._move(case, Step(CaseState.REJECTED, now, case.reviewers, reason), now, strength=case.strength)
        claimant = await self._accounts.get(case.account_id)
        if claimant is not None:
            await self._log.tell(claimant, "body_case_rejected", now=now)
            await self._log.audit("reject", claimant.id, now=now)

    async def _move(
        self,
        case: CaseRow,
        step: Step,
        now: datetime,
        *,
        strength: str | None,
        person_id: UUID | None = None,
    ) -> None:
        state = CaseState(case.state)
        if step.state is state:
            await self._cases.move(
                case.id, state, state, effect_at=step.effect_at, reviewers=step.reviewers, strength=strength
            )
            return
        assert may_move(state, step.state), f"{state} does not lead to {step.state}"
        over = step.state in {CaseState.APPROVED, CaseState.REJECTED, CaseState.WITHDRAWN}
        queued_at = now if step.state in QUEUED and state not in QUEUED else case.queued_at
        moved = await self._cases.move(
            case.id,
            state,
            step.state,
            strength=strength,
            person_id=person_id or case.person_id,
            reviewers=step.reviewers,
            effect_at=step.effect_at,
            submitted_at=case.submitted_at or now,
            queued_at=queued_at,
            decided_at=now if over else None,
            undo_until=now + timedelta(seconds=self._policy.undo) if step.state is CaseState.APPROVED else None,
            reason=step.reason or case.reason,
            assigned_to=None,
            assigned_at=None,
        )
        assert moved, "the case is locked by who moves it"
        if step.state is not CaseState.SUBMITTED:
            await self._log.note(case.id, str(step.state), "service", now=now, reason=step.reason)

    async def _tell(
        self,
        case: CaseRow,
        holders: list[AccountRow],
        told: dict[UUID, HolderRow],
        step: Step,
        now: datetime,
    ) -> None:
        """Each holder on every channel, once; and again where the time to object has become longer."""
        longer = case.effect_at is not None and step.effect_at > case.effect_at
        hours = max(1, round((step.effect_at - now).total_seconds() / 3600))
        for holder in holders:
            if holder.id not in told:
                link = await self._add_holder(case.id, holder, now)
                await self._log.tell(holder, "body_case_notice", now=now, hours=hours, link=link)
                await self._log.audit("notice", holder.id, now=now)
                kind = "holder_told" if _reachable(holder) else "holder_unreachable"
                await self._log.note(case.id, kind, "service", now=now)
            elif longer:
                await self._log.tell(holder, "body_case_notice_longer", now=now, hours=hours)
                await self._log.note(case.id, "notice_longer", "service", now=now)

    async def _add_holder(self, case_id: UUID, holder: AccountRow, now: datetime) -> str:
        """The link by which the holder objects; its secret stands in the fragment, which no server gets to see."""
        secret = self._entropy.token().hex()
        await self._cases.add_holder(
            {
                "case_id": case_id,
                "account_id": holder.id,
                "secret_hash": self._lookups.secret("objection", secret),
                "told_at": now,
                "reachable": _reachable(holder),
            }
        )
        return f"{self._policy.front_end}/objection#{secret}"

    async def _grant(
        self,
        case: CaseRow,
        claimant: AccountRow,
        holders: list[AccountRow],
        told: dict[UUID, HolderRow],
        person_id: UUID | None,
        strength: str,
        now: datetime,
    ) -> None:
        """The claimant's account is the person; every other account that was it is superseded, and told."""
        for holder in holders:
            days = max(1, self._policy.undo // 86400)
            if holder.id in told:
                await self._log.tell(holder, "body_case_superseded", now=now, days=days)
            else:
                link = await self._add_holder(case.id, holder, now)
                await self._log.tell(holder, "body_case_superseded_at_once", now=now, days=days, link=link)
                await self._log.note(case.id, "holder_told", "service", now=now)
            await self._cases.note_holder(
                case.id,
                holder.id,
                superseded_at=now,
                before_state=holder.state,
                before_closes_at=holder.closes_at,
                before_person_id=holder.person_id,
                before_strength=holder.verified_strength,
            )
            await self._accounts.set_standing(holder.id, state="superseded", person_id=None, strength=None)
            await self._end_sessions(holder.id, "superseded", now)
            await self._log.audit("superseded", holder.id, now=now)
        if person_id is None:
            person_id = self._entropy.identifier()
            await self._persons.add_from_account(person_id, claimant.id, {"ethnicity": "", "created_at": now})
            await self._cases.move(case.id, CaseState.APPROVED, CaseState.APPROVED, person_id=person_id)
        # Who has another document is no holder until they verify as the person, and may do that under another lock.
        with refused_by({"uq_accounts_person_id": HolderChangedError()}):
            await self._accounts.set_standing(claimant.id, state="active", person_id=person_id, strength=strength)
        await self._log.tell(claimant, "body_case_approved", now=now)
        await self._log.audit("approve", claimant.id, now=now)

    async def undo(self, case: CaseRow, *, now: datetime) -> None:
        """Every account is again what it was before the grant; CaseOvertakenError where a later grant stands on it."""
        claimant = await self._accounts.lock(case.account_id)
        rows = [row for row in await self._cases.list_holders(case.id) if row.superseded_at is not None]
        if claimant is None or claimant.state not in _LIVING or claimant.person_id != case.person_id:
            raise CaseOvertakenError
        await self._accounts.set_standing(claimant.id, state="conflict", person_id=None, strength=None)
        await self._end_sessions(claimant.id, "case_undone", now)
        await self._requests.end_of_account(claimant.id, now=now)
        for row in rows:
            holder = await self._accounts.lock(row.account_id)
            if holder is None or holder.state != "superseded":
                raise CaseOvertakenError
            await self._put_back(row, now)
            await self._log.tell(holder, "body_case_undone", now=now)
            await self._log.audit("undo", holder.id, now=now)
        moved = await self._cases.move(case.id, CaseState.UNDO_REVIEW, CaseState.UNDONE, decided_at=now)
        assert moved, "the case is locked by who moves it"
        await self._log.note(case.id, "undone", "service", now=now)
        await self._log.tell(claimant, "body_case_undone", now=now)
        await self._log.audit("undo", claimant.id, now=now)

    async def uphold(self, case: CaseRow, *, now: datetime) -> None:
        """The grant stands; whoever asked to undo it is told."""
        moved = await self._cases.move(case.id, CaseState.UNDO_REVIEW, CaseState.APPROVED)
        assert moved, "the case is locked by who moves it"
        await self._log.note(case.id, "upheld", "service", now=now)
        for row in await self._cases.list_holders(case.id):
            holder = await self._accounts.get(row.account_id)
            if holder is not None and row.undo_asked_at is not None:
                await self._log.tell(holder, "body_case_upheld", now=now)

    async def _put_back(self, row: HolderRow, now: datetime) -> None:
        closes_at = row.before_closes_at
        if closes_at is not None and row.superseded_at is not None:
            # The time to come back stood still.
            closes_at += now - row.superseded_at
        # An account whose own document was another one: somebody may have registered that since.
        with refused_by(dict.fromkeys(("uq_accounts_document_key", "uq_accounts_person_id"), CaseOvertakenError())):
            await self._accounts.set_standing(
                row.account_id,
                state=row.before_state or "active",
                person_id=row.before_person_id,
                strength=row.before_strength,
                closes_at=closes_at,
            )

    async def _end_sessions(self, account_id: UUID, reason: str, now: datetime) -> None:
        await self._sessions.revoke_all(account_id, reason, now=now)
        await self._sessions.forget_devices(account_id)
        await self._sessions.end_flows(account_id, now=now)
        await self._recoveries.end_all(account_id, now=now)

    async def _person_of(self, claimant: AccountRow, evidence: list[EvidenceRow]) -> UUID | None:
        """Who the evidence says the claimant is; the strongest that names somebody."""
        for strength in (Strength.STRONG, Strength.WEAK):
            for row in evidence:
                if row.strength == strength and row.person_id is not None:
                    return row.person_id
        return await self._persons.get_id_by_document(claimant.document_key, claimant.document_type)


def holding_of(account: AccountRow) -> Holding:
    """How well this account has proven to be its owner's."""
    if account.person_id is None:
        return Holding.UNVERIFIED
    return Holding(account.verified_strength or Holding.WEAK)


def _strongest(evidence: list[EvidenceRow]) -> Strength | None:
    strengths = {Strength(row.strength) for row in evidence}
    return next((one for one in (Strength.STRONG, Strength.WEAK) if one in strengths), None)


def _rank(strength: str | None, *, unseen: bool) -> Rank:
    if unseen:
        return Rank.UNSEEN
    return Rank.STRONG if strength == Strength.STRONG else Rank.WEAK


def _reachable(account: AccountRow) -> bool:
    return account.phone_key is not None or account.email_verified_at is not None
