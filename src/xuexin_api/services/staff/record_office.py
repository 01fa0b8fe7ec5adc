"""Registrars and one record of their school: looking, and changing with a reason. Every look is written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    BrokenRuleError,
    CertificateNumberTakenError,
    FieldProblem,
    GraduationPhotoMissingError,
    InvalidRequestError,
    NotYoursToDecideError,
    PhotoNotFoundError,
    RecordChangedError,
    RecordNotFoundError,
    VersionNeededError,
)
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import REASONS, Change, Wish, allowed, follow
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.earlier_photos import EarlierPhotoRepository
from xuexin_api.repositories.archive.proofs import ProofRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.archive import EnrollmentView, enrollment_view
from xuexin_api.services.archive.graduation import (
    CONCLUSIONS,
    degree_of,
    facts_of,
    judge_certificate,
    judge_degree,
    qualification_of,
)
from xuexin_api.services.archive.proofs import Check, PhotoProof, check_view, photo_proof_view
from xuexin_api.services.archive.record_history import AFTER_ALL, HistoryPage, history_page
from xuexin_api.services.base import Service
from xuexin_api.services.paging import read_cursor
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_FIELDS_OF_DEGREES: Final = {"degree_too_early": "effective_on", "degree_not_of_this_level": "change"}
_TAKEN: Final = {
    "uq_qualifications_certificate_number": CertificateNumberTakenError(),
    "uq_degrees_certificate_number": CertificateNumberTakenError(),
}


@dataclass(frozen=True, slots=True)
class OfficePhoto:
    """A photo that a record has: its digest, and since when."""

    kind: str
    sha256: str
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class OfficeRecord:
    """A record as its school sees it: what it is, at which version, and what can become of it for which reasons."""

    enrollment: EnrollmentView
    version: int
    grade: int | None
    registered_year: int | None
    photos: Sequence[OfficePhoto]
    certificate: Mapping[str, Any] | None
    degree: Mapping[str, Any] | None
    check: Check | None
    photo_proof: PhotoProof | None
    changes: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What 毕业 and 结业 bring."""

    number: str
    president_name: str


@dataclass(frozen=True, slots=True)
class DegreeWish:
    """A degree as the school conferred it."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What to do to a record, in the words of the rules, with what certificates and degrees need."""

    wish: Wish
    note: str | None
    certificate: Certificate | None = None
    degree: DegreeWish | None = None


class RecordOfficeService(Service):
    """A registrar has the records of one school; another school's is none, and the try is written down."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        records: RecordOfficeRepository,
        proofs: ProofRepository,
        present: RecordPhotoRepository,
        earlier: EarlierPhotoRepository,
        photos: PhotoStore,
        trace: RecordTrace,
        callers: StaffCallers,
        sealer: Sealer,
        policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._records = records
        self._proofs = proofs
        self._present = present
        self._earlier = earlier
        self._photos = photos
        self._trace = trace
        self._callers = callers
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def view(self, enrollment_id: UUID, purpose: str, claims: Claims) -> OfficeRecord:
        """One record of the school's."""
        async with self._transaction():
            member, row = await self._reach(enrollment_id, claims)
            if row is not None:
                await self._look(row, member, purpose)
                return await self._office_record(row)
        raise RecordNotFoundError

    async def list_changes(
        self, enrollment_id: UUID, purpose: str, claims: Claims, *, cursor: str | None, most: int
    ) -> HistoryPage:
        """What became of one record, newest first."""
        before_id = AFTER_ALL if cursor is None else read_cursor(cursor)
        async with self._transaction():
            member, row = await self._reach(enrollment_id, claims)
            if row is not None:
                await self._look(row, member, purpose)
                found = await self._records.list_changes(enrollment_id, before_id=before_id, most=most + 1)
                return history_page(found, most, self._clock.now())
        raise RecordNotFoundError

    async def get_photo(self, enrollment_id: UUID, kind: str, purpose: str, claims: Claims) -> tuple[bytes, str]:
        """What the record has now of this kind: JPEG bytes and their entity tag."""
        return await self._show_photo(partial(self._present.get, enrollment_id, kind), enrollment_id, purpose, claims)

    async def get_earlier_photo(
        self, enrollment_id: UUID, change_id: UUID, purpose: str, claims: Claims
    ) -> tuple[bytes, str]:
        """What the record had before this change, while it is kept: JPEG bytes and their entity tag."""
        earlier = partial(self._earlier.get, enrollment_id, change_id, now=self._clock.now())
        return await self._show_photo(earlier, enrollment_id, purpose, claims)

    async def change(
        self, enrollment_id: UUID, request: ChangeRequest, expected: str | None, claims: Claims
    ) -> OfficeRecord:
        """Change the record that the registrar saw, and write down who, when, why, before and after."""
        async with self._transaction():
            member, row = await self._reach(enrollment_id, claims)
            own = await self._records.is_of(enrollment_id, member.document_key)
        if row is None:
            raise RecordNotFoundError
        if own:
            raise NotYoursToDecideError
        if expected is None:
            raise VersionNeededError
        if expected.strip() != f'"{row["version"]}"':
            raise RecordChangedError
        now = self._clock.now()
        after = follow(facts_of(row), request.wish, china_date(now), self._policy)
        change = request.wish.change
        if change in CONCLUSIONS:
            after |= self._judge_certificate(row, request)
        elif change is Change.AWARD_DEGREE:
            after |= self._judge_degree(row, request)
        with refused_by(_TAKEN):
            async with self._transaction():
                columns = {name: value for name, value in after.items() if name in row}
                if not await self._records.change(enrollment_id, row["version"], columns, now=now):
                    raise RecordChangedError
                await self._certify(row, request, now)
                await self._trace.changed(
                    row,
                    after,
                    member,
                    change=str(change),
                    reason=request.wish.reason,
                    note=request.note,
                    effective_on=request.wish.effective_on,
                    now=now,
                )
                changed = await self._records.get(enrollment_id)
                assert changed is not None, "a record is never deleted"
                return await self._office_record(changed)

    def _judge_certificate(self, row: Mapping[str, Any], request: ChangeRequest) -> dict[str, Any]:
        """What the history says of a certificate that may be registered."""
        certificate = request.certificate
        assert certificate is not None, "the schema asks for it"
        if "graduation" not in (row["photo_kinds"] or ()):
            raise GraduationPhotoMissingError
        try:
            judge_certificate(row, certificate.number, request.wish.effective_on)
        except BrokenRuleError as broken:
            raise InvalidRequestError([FieldProblem("/certificate_number", broken.code, broken.params)]) from None
        return {"certificate_number": certificate.number}

    @staticmethod
    def _judge_degree(row: Mapping[str, Any], request: ChangeRequest) -> dict[str, Any]:
        degree = request.degree
        assert degree is not None, "the schema asks for it"
        try:
            judge_degree(row, degree.number, request.wish.effective_on)
        except BrokenRuleError as broken:
            field = _FIELDS_OF_DEGREES.get(broken.code, "certificate_number")
            raise InvalidRequestError([FieldProblem(f"/{field}", broken.code, broken.params)]) from None
        return {"degree_name": degree.name, "degree_certificate_number": degree.number}

    async def _certify(self, row: Mapping[str, Any], request: ChangeRequest, now: datetime) -> None:
        """学历 and 学位 come into being with the change, or not at all."""
        wish, certificate, degree = request.wish, request.certificate, request.degree
        if certificate is not None:
            await self._records.add_qualification(
                qualification_of(
                    row,
                    self._entropy.identifier(),
                    change=wish.change,
                    graduated_on=wish.effective_on,
                    number=certificate.number,
                    president_name=certificate.president_name,
                    now=now,
                )
            )
        if degree is not None:
            await self._records.add_degree(
                degree_of(
                    row,
                    self._entropy.identifier(),
                    name=degree.name,
                    number=degree.number,
                    awarded_on=wish.effective_on,
                    now=now,
                )
            )
        if wish.change is Change.EXCHANGE_CERTIFICATE:
            await self._records.exchange_qualification(row["id"], exchanged_on=wish.effective_on)

    async def _reach(self, enrollment_id: UUID, claims: Claims) -> tuple[StaffRow, Mapping[str, Any] | None]:
        """The member, and the record if it is their school's. Reaching for another's is a line in the trail."""
        member = await self._callers.member_of(claims, Role.REGISTRAR)
        row = await self._records.get(enrollment_id)
        if row is not None and row["institution_code"] == member.institution_code:
            return member, row
        await self._trace.note("record:out_of_reach", member, enrollment_id, now=self._clock.now())
        return member, None

    async def _show_photo(
        self, find: Callable[[], Awaitable[Mapping[str, Any] | None]], enrollment_id: UUID, purpose: str, claims: Claims
    ) -> tuple[bytes, str]:
        async with self._transaction():
            member, row = await self._reach(enrollment_id, claims)
            found = None if row is None else await find()
            if row is not None and found is not None:
                await self._look(row, member, purpose)
        if row is None:
            raise RecordNotFoundError
        photo = None if found is None else await self._photos.get(found["object_key"])
        if found is None or photo is None:
            raise PhotoNotFoundError
        return photo, found["sha256"].hex()

    async def _look(self, row: Mapping[str, Any], member: StaffRow, purpose: str) -> None:
        now = self._clock.now()
        await self._trace.looked([row], member, "viewed", purpose, now=now)
        await self._trace.note("record:view", member, row["id"], now=now)

    async def _office_record(self, row: Mapping[str, Any]) -> OfficeRecord:
        check = await self._proofs.get_last_check(row["id"])
        proof = await self._proofs.get_last_photo_proof(row["id"], confirmed=True)
        photos = await self._present.list_for_record(row["id"])
        return OfficeRecord(
            enrollment=enrollment_view(row, self._sealer),
            version=row["version"],
            grade=row["grade"],
            registered_year=row["registered_year"],
            photos=[OfficePhoto(one["kind"], one["sha256"].hex(), one["imported_at"]) for one in photos],
            certificate=await self._records.get_qualification(row["id"]),
            degree=await self._records.get_degree(row["id"]),
            check=None if check is None else check_view(check, row["version"]),
            photo_proof=None if proof is None else photo_proof_view(proof, row["graduation_photo"], self._clock.now()),
            changes={str(change): list(REASONS[change]) for change in allowed(EnrollmentStatus(row["status"]))},
        )
