"""尝试绑定: a record that does not show, because it carries another name or number, is found and asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date, next_china_midnight
from xuexin_api.core.documents import DocumentType, parse_document
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    BrokenRuleError,
    ClaimClosedError,
    ClaimNotFoundError,
    ClaimNotMatchedError,
    FieldProblem,
    InvalidRequestError,
    RecordShowsError,
    TooManyOperationsError,
)
from xuexin_api.core.names import normalise_name
from xuexin_api.core.policies import ClaimPolicy
from xuexin_api.core.record_claims import ClaimState, ClaimStep, IdentityFields, differing_fields, may_be_told, sources
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.archive.claims import ClaimRepository, ClaimRow, FoundRecord
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.archive.claim_log import ClaimLog
from xuexin_api.services.archive.claim_view import FORMER_NAME_CONTEXT, STATEMENT_CONTEXT, ClaimView, claim_view
from xuexin_api.services.archive.record_history import AFTER_ALL
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.photos.sent_photos import PhotoView, photo_view

_ACCOUNT_TRIES: Final = "claim_account"
_PERSON_TRIES: Final = "claim_person"
_MOST_EVENTS: Final = 100
_MOST_PHOTOS: Final = 100


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """What a record is asked for by: one number of it, its school, and the year of entry or, of 学历, of graduation."""

    institution_code: str
    year: int
    certificate_number: str | None = None
    candidate_number: str | None = None
    student_number: str | None = None

    @property
    def numbers(self) -> int:
        """How many numbers are given."""
        given = (self.certificate_number, self.candidate_number, self.student_number)
        return sum(number is not None for number in given)


@dataclass(frozen=True, slots=True)
class ClaimWords:
    """What the student tells the school: why the record is theirs, and who they were when it was made."""

    statement: str
    former_name: str | None
    former_document: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """Some claims, newest first."""

    items: list[ClaimView]
    next_cursor: str | None


class ClaimService(Service):
    """Whoever knows the numbers of a record learns of it only as much as they are already like its student."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        claims: ClaimRepository,
        photos: PhotoRepository,
        counters: CounterRepository,
        callers: Callers,
        log: ClaimLog,
        holders: ClaimHolders,
        lookups: Lookups,
        sealer: Sealer,
        policy: ClaimPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._claims = claims
        self._photos = photos
        self._counters = counters
        self._callers = callers
        self._log = log
        self._holders = holders
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def claim(self, keys: RecordKeys, claims: Claims) -> ClaimView:
        """A draft that says which fields differ; one constant refusal where the record, or the proof, is not there."""
        if keys.numbers != 1:
            raise InvalidRequestError([FieldProblem("/student_number", "one_number_needed", {})])
        now = self._clock.now()
        async with self._transaction():
            account, person_id = await self._student(claims)
            ends = next_china_midnight(now)
            tries = [
                await self._counters.add_one(_ACCOUNT_TRIES, account.id.bytes, now=now, window_ends_at=ends),
                await self._counters.add_one(_PERSON_TRIES, person_id.bytes, now=now, window_ends_at=ends),
            ]
        if max(counter.count for counter in tries) > self._policy.per_day:
            raise TooManyOperationsError(retry_after=seconds_until(ends, now))
        async with self._read():
            claimant = await self._claims.get_claimant(account.id)
            found = await self._find(keys)
        differing = self._judge(keys, found, claimant, person_id)
        if found is None or differing is None:
            raise ClaimNotMatchedError
        if found.person_id == person_id:
            raise RecordShowsError(params={"enrollment_id": str(found.enrollment_id)})
        async with self._transaction():
            return await self._open(keys, found, differing, account, person_id, claims)

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> ClaimPage:
        """Newest first, whatever became of them."""
        before_id = AFTER_ALL if cursor is None else read_cursor(cursor)
        async with self._read():
            account, _ = await self._student(claims)
            found = await self._claims.list_for_account(account.id, before_id=before_id, most=most + 1)
            views = await self._views(found[:most])
        return ClaimPage(views, write_cursor(views[-1].id) if len(found) > most else None)

    async def get(self, claim_id: UUID, claims: Claims) -> ClaimView:
        """One of the caller's own."""
        async with self._read():
            account, _ = await self._student(claims)
            return await self._view(await self._mine(claim_id, account))

    async def list_proofs(self, claim_id: UUID, claims: Claims) -> list[PhotoView]:
        """Pictures that were sent for a claim of one's own, refused ones too."""
        async with self._read():
            account, _ = await self._student(claims)
            claim = await self._mine(claim_id, account)
            place = PhotoPlace(claim_id=claim.id)
            rows = (await self._photos.list_sent([place], account_id=account.id, most=_MOST_PHOTOS))[place]
        return [photo_view(row) for row in rows]

    async def submit(self, claim_id: UUID, words: ClaimWords, claims: Claims) -> ClaimView:
        """The claim goes to the school, with the student's words. Whoever holds the record verified hears of it."""
        now = self._clock.now()
        name, document = self._read_former(words, now)
        async with self._transaction():
            # The account before the claim, as undoings of its case have them: they end what is handed in before them.
            account, person_id = await self._callers.kept_student_of(claims, refusal=ClaimNotFoundError)
            claim = await self._mine(claim_id, account)
            # A grant or an undoing since, or at this moment, may have made it theirs, or another's.
            owner_id = await self._claims.get_owner_kept(claim.enrollment_id)
            if owner_id == person_id:
                raise RecordShowsError(params={"enrollment_id": str(claim.enrollment_id)})
            if claim.expires_at <= now or not await self._claims.move(
                claim_id,
                sources(ClaimStep.SUBMIT),
                ClaimState.SCHOOL_REVIEW,
                now=now,
                from_person_id=owner_id,
                submitted_at=now,
                due_at=now + timedelta(seconds=self._policy.school),
                untold_since=now,
                statement=self._sealer.seal(words.statement.encode(), STATEMENT_CONTEXT),
                former_name=None if name is None else self._sealer.seal(name.encode(), FORMER_NAME_CONTEXT),
                former_document=None if document is None else self._sealer.seal(document.encode(), DOCUMENT_CONTEXT),
                former_document_key=None if document is None else self._lookups.document(document),
            ):
                raise ClaimClosedError
            claim = await self._mine(claim_id, account)
            await self._write_down(claim, "submitted", claims, now)
            await self._log.tell_owner(account.id, "body_claim_submitted", now=now, school=claim.institution_name)
            await self._holders.tell(claim, now=now)
            return await self._view(claim)

    async def withdraw(self, claim_id: UUID, claims: Claims) -> ClaimView:
        """Ask no longer."""
        now = self._clock.now()
        async with self._transaction():
            account, _ = await self._student(claims)
            claim = await self._mine(claim_id, account)
            if not await self._claims.move(claim_id, sources(ClaimStep.WITHDRAW), ClaimState.WITHDRAWN, now=now):
                raise ClaimClosedError
            await self._write_down(claim, "withdrawn", claims, now)
            await self._holders.tell_outcome(claim, ClaimStep.WITHDRAW, now=now)
            return await self._view(await self._mine(claim_id, account))

    async def _find(self, keys: RecordKeys) -> FoundRecord | None:
        if keys.certificate_number is not None:
            return await self._claims.get_by_certificate(keys.certificate_number)
        if keys.candidate_number is not None:
            return await self._claims.get_by_candidate_number(keys.candidate_number, keys.institution_code)
        assert keys.student_number is not None, "one was asked for"
        return await self._claims.get_by_student_number(keys.student_number, keys.institution_code)

    def _judge(
        self, keys: RecordKeys, found: FoundRecord | None, claimant: IdentityFields, person_id: UUID
    ) -> list[str] | None:
        """Which fields differ, where every key is right and the claimant is enough like the record's student."""
        if found is None or (found.institution_code, found.year) != (keys.institution_code, keys.year):
            return None
        differing = differing_fields(claimant, found.identity)
        if found.person_id == person_id or may_be_told(differing, needed=self._policy.equal_fields):
            return differing
        return None

    async def _open(
        self,
        keys: RecordKeys,
        found: FoundRecord,
        differing: list[str],
        account: AccountRow,
        person_id: UUID,
        claims: Claims,
    ) -> ClaimView:
        """A draft, or the claim to this record that the account has handed in already."""
        now = self._clock.now()
        await self._claims.add_draft(
            {
                "id": self._entropy.identifier(),
                "account_id": account.id,
                "person_id": person_id,
                "enrollment_id": found.enrollment_id,
                "from_person_id": found.person_id,
                "institution_code": found.institution_code,
                "kind": "enrollment" if keys.certificate_number is None else "qualification",
                "differing": differing,
                "opened_at": now,
                "expires_at": now + timedelta(seconds=self._policy.draft),
                "state_since": now,
            }
        )
        living = await self._claims.get_living(account.id, found.enrollment_id)
        assert living is not None, "it was there or was added just now"
        if living.state == ClaimState.DRAFT:
            await self._write_down(living, "opened", claims, now)
        return await self._view(living)

    def _read_former(self, words: ClaimWords, now: datetime) -> tuple[str | None, str | None]:
        """The former name and number as the archive writes such things."""
        try:
            name = None if words.former_name is None else normalise_name(words.former_name)
        except BrokenRuleError as broken:
            raise InvalidRequestError([FieldProblem("/former_name", broken.code, broken.params)]) from None
        if words.former_document is None:
            return name, None
        document_type, number = words.former_document
        try:
            return name, parse_document(DocumentType(document_type), number, china_date(now)).number
        except BrokenRuleError as broken:
            pointer = "/former_document/number"
            raise InvalidRequestError([FieldProblem(pointer, broken.code, broken.params)]) from None

    async def _student(self, claims: Claims) -> tuple[AccountRow, UUID]:
        return await self._callers.student_of(claims, refusal=ClaimNotFoundError)

    async def _mine(self, claim_id: UUID, account: AccountRow) -> ClaimRow:
        claim = await self._claims.get_for_account(claim_id, account.id)
        if claim is None:
            raise ClaimNotFoundError
        return claim

    async def _write_down(self, claim: ClaimRow, kind: str, claims: Claims, now: datetime) -> None:
        await self._log.note(claim.id, kind, "student", now=now)
        await self._log.audit(kind, claim.account_id, session_id=claims.session_id, now=now)

    async def _view(self, row: ClaimRow) -> ClaimView:
        (view,) = await self._views([row])
        return view

    async def _views(self, rows: list[ClaimRow]) -> list[ClaimView]:
        events = await self._claims.list_events([row.id for row in rows], most=_MOST_EVENTS)
        held = await self._claims.list_held([row.from_person_id for row in rows])
        now = self._clock.now()
        return [claim_view(row, events[row.id], self._sealer, held=row.from_person_id in held, now=now) for row in rows]
