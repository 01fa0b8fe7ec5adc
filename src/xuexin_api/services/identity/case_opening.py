"""Opening a case, and what counts as its evidence; used by registration, by the claimant and by classmates."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from xuexin_api.core.case_rules import CaseState, Evidence
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.policies import CasePolicy
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.services.identity.case_log import Actor, CaseLog


class CaseOpening:
    """Works inside the transaction of the service that asks."""

    def __init__(self, *, cases: CaseRepository, log: CaseLog, policy: CasePolicy, entropy: Entropy) -> None:
        self._cases = cases
        self._log = log
        self._policy = policy
        self._entropy = entropy

    async def open(self, account_id: UUID, document_key: bytes, *, now: datetime) -> UUID:
        """A draft, of which nobody else hears: anybody can type a number."""
        case_id = self._entropy.identifier()
        await self._cases.add(
            {
                "id": case_id,
                "account_id": account_id,
                "document_key": document_key,
                "state": CaseState.DRAFT,
                "reviewers": 0,
                "approvals": 0,
                "round": 1,
                "opened_at": now,
                "expires_at": now + timedelta(seconds=self._policy.draft),
            }
        )
        await self._log.note(case_id, "opened", "claimant", now=now)
        await self._log.audit("open", account_id, now=now)
        return case_id

    async def add_evidence(
        self,
        case_id: UUID,
        kind: Evidence,
        person_id: UUID | None,
        actor: Actor,
        *,
        now: datetime,
        staff_id: UUID | None = None,
        note: str | None = None,
    ) -> None:
        """This much is proven."""
        await self._cases.add_evidence(
            {
                "case_id": case_id,
                "kind": str(kind),
                "strength": str(kind.strength),
                "person_id": person_id,
                "at": now,
            }
        )
        await self._log.note(
            case_id, "evidence_accepted", actor, now=now, staff_id=staff_id, reason=str(kind), note=note
        )
