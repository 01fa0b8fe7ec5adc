"""Records in the words of the contract: their changes, and what registrars ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from fastapi import Response
from fastapi.responses import StreamingResponse

from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.messages import Language, message
from xuexin_api.core.record_life import Change, Wish
from xuexin_api.routers.presentation import STATUSES, enrollment
from xuexin_api.schemas import archive as schemas
from xuexin_api.schemas import record_office as office_schemas
from xuexin_api.schemas import transfers as transfer_schemas
from xuexin_api.schemas.terms import CodedName
from xuexin_api.schemas.types import Choice
from xuexin_api.services.archive.archive import EnrollmentPage
from xuexin_api.services.archive.outcomes import DegreePage, DegreeView, QualificationPage, QualificationView
from xuexin_api.services.archive.record_accesses import AccessPage, RecordAccessView
from xuexin_api.services.archive.record_history import FieldChange, HistoryPage, RecordChange
from xuexin_api.services.staff.record_lists import RecordLine, RecordPage, Search
from xuexin_api.services.staff.record_office import (
    Certificate,
    ChangeRequest,
    DegreeWish,
    OfficeRecord,
)
from xuexin_api.services.staff.transfers import Place, TransferLine, TransferPage, TransferView

_OF_EVERY_CHANGE = frozenset({"change", "reason", "effective_on", "note"})
_OF_DOCUMENTS = frozenset({"certificate_number", "president_name", "degree_name", "school_year"})


def record_history(page: HistoryPage, language: Language) -> schemas.RecordHistory:
    return schemas.RecordHistory(
        items=[record_change(change, language) for change in page.items], next_cursor=page.next_cursor
    )


def record_change(change: RecordChange, language: Language) -> schemas.RecordChange:
    return schemas.RecordChange(
        id=change.id,
        change=_choice("record_change", change.change, language),
        reason=None if change.reason is None else _choice("record_reason", change.reason, language),
        note=change.note,
        effective_on=change.effective_on,
        at=change.at,
        fields=[_field_change(field, language) for field in change.fields],
        photo_until=change.photo_until,
    )


def _choice(prefix: str, code: str, language: Language) -> Choice:
    return Choice(id=code, title=message(f"{prefix}_{code}", language))


def _field_change(change: FieldChange, language: Language) -> schemas.FieldChange:
    title = message(f"field_{change.field}", language)
    before, after = (_shown(change.field, value) for value in (change.before, change.after))
    return schemas.FieldChange(field=change.field, title=title, before=before, after=after)


def _shown(field: str, value: object) -> str | None:
    """A status in the words it is always shown in."""
    if value is None:
        return None
    return EnrollmentStatus(str(value)).display if field == "status" else str(value)


def enrollment_list(page: EnrollmentPage, language: Language) -> schemas.EnrollmentList:
    why = page.explanation
    return schemas.EnrollmentList(
        items=[enrollment(view) for view in page.items],
        explanation=None
        if why is None
        else schemas.MissingEnrollment(id=why, title=message(f"explanation_{why}", language)),
        next_cursor=page.next_cursor,
    )


def qualification_list(page: QualificationPage, language: Language) -> schemas.QualificationList:
    why = page.explanation
    return schemas.QualificationList(
        items=[_qualification(view, language) for view in page.items],
        explanation=None
        if why is None
        else schemas.MissingQualification(id=why, title=message(f"explanation_{why}", language)),
        next_cursor=page.next_cursor,
    )


def _qualification(view: QualificationView, language: Language) -> schemas.Qualification:
    shown = {name: getattr(view, name) for name in QualificationView.__slots__}
    return schemas.Qualification.model_validate(
        shown
        | {
            "institution": {"code": view.institution_code, "name": view.institution_name},
            "programme": {"code": view.programme_code, "name": view.programme_name},
            "conclusion": _choice("conclusion", view.conclusion, language),
            "graduation_photo": "graduation" in view.photo_kinds,
        }
    )


def _where(view: RecordAccessView, language: Language) -> CodedName:
    """Where the member of staff works."""
    if view.institution_code is not None:
        return CodedName(code=view.institution_code, name=view.institution_name or "")
    if view.province is not None:
        return CodedName(code=view.province, name=message("province_department", language))
    return CodedName(code="service", name=message("service_review", language))


def access_list(page: AccessPage, language: Language) -> schemas.RecordAccessList:
    return schemas.RecordAccessList(
        items=[
            schemas.RecordAccess(
                id=view.id,
                at=view.at,
                enrollment_id=view.enrollment_id,
                institution=_where(view, language),
                staff_id=view.staff_id,
                action=_choice("access_action", view.action, language),
                purpose=_choice(
                    "record_change" if view.action == "changed" else "access_purpose", view.purpose, language
                ),
            )
            for view in page.items
        ],
        next_cursor=page.next_cursor,
    )


def degree_list(page: DegreePage, language: Language) -> schemas.DegreeList:
    why = page.explanation
    return schemas.DegreeList(
        items=[_degree(view) for view in page.items],
        explanation=None
        if why is None
        else schemas.MissingDegree(id=why, title=message(f"explanation_{why}", language)),
        next_cursor=page.next_cursor,
    )


def _degree(view: DegreeView) -> schemas.Degree:
    shown = {name: getattr(view, name) for name in DegreeView.__slots__}
    return schemas.Degree.model_validate(
        shown | {"institution": {"code": view.institution_code, "name": view.institution_name}}
    )


def transfer_with_record(view: TransferView, language: Language) -> transfer_schemas.TransferWithRecord:
    return transfer_schemas.TransferWithRecord(
        transfer=_transfer(view.transfer, language), enrollment=enrollment(view.enrollment)
    )


def transfer_list(page: TransferPage, language: Language) -> transfer_schemas.TransferList:
    return transfer_schemas.TransferList(
        items=[_transfer(row, language) for row in page.items], next_cursor=page.next_cursor
    )


def _transfer(row: TransferLine, language: Language) -> transfer_schemas.Transfer:
    plain = {name: getattr(row, name, None) for name in transfer_schemas.Transfer.model_fields}
    return transfer_schemas.Transfer.model_validate(
        plain
        | {
            "from_institution": {"code": row.from_code, "name": row.from_name},
            "to_institution": {"code": row.to_code, "name": row.to_name},
            "reason": _choice("record_reason", row.reason, language),
        }
    )


def place(body: transfer_schemas.TransferAgreement) -> Place:
    return Place(
        body.student_number,
        body.programme_code,
        body.programme_name,
        Decimal(str(body.duration_years)),
        body.branch,
        body.department,
        body.class_name,
        body.grade,
        body.expected_graduation_date,
    )


def search(body: office_schemas.EnrollmentSearch | office_schemas.EnrollmentExport) -> Search:
    return Search(**{name: getattr(body, name) for name in Search.__slots__})


def roster_file(pieces: AsyncIterator[str]) -> Response:
    """As a file to be saved, while it is being read."""
    headers = {"Content-Disposition": 'attachment; filename="roster.csv"', "Cache-Control": "no-store, private"}
    return StreamingResponse(pieces, media_type="text/csv", headers=headers)


def enrollment_lines(page: RecordPage) -> office_schemas.EnrollmentLines:
    return office_schemas.EnrollmentLines(items=[_line(line) for line in page.items], next_cursor=page.next_cursor)


def _line(line: RecordLine) -> office_schemas.EnrollmentLine:
    shown = {name: getattr(line, name) for name in RecordLine.__slots__}
    return office_schemas.EnrollmentLine.model_validate(shown | {"status": STATUSES[EnrollmentStatus(line.status)]})


def office_enrollment(record: OfficeRecord) -> office_schemas.OfficeEnrollment:
    return office_schemas.OfficeEnrollment.model_validate(
        {
            "enrollment": enrollment(record.enrollment),
            "version": record.version,
            "grade": record.grade,
            "registered_year": record.registered_year,
            "photos": record.photos,
            "certificate": record.certificate,
            "degree": record.degree,
            "check": record.check,
            "photo_proof": record.photo_proof,
            "changes": record.changes,
        }
    )


def change_request(body: office_schemas.AnyChange) -> ChangeRequest:
    """The fields that a change brings and does not name stay as they are."""
    new = body.model_dump(exclude=set(_OF_EVERY_CHANGE | _OF_DOCUMENTS), exclude_none=True)
    certificate = degree = year = None
    if isinstance(body, office_schemas.Graduation):
        certificate = Certificate(body.certificate_number, body.president_name)
    elif isinstance(body, office_schemas.DegreeAward):
        degree = DegreeWish(body.degree_name, body.certificate_number)
    elif isinstance(body, office_schemas.YearRegistration):
        year = body.school_year
    wish = Wish(Change(body.change), body.reason, body.effective_on, year, new)
    return ChangeRequest(wish, body.note, certificate, degree)
