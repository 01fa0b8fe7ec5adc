"""Corrections in the words of the contract."""

from __future__ import annotations

from typing import Any

from xuexin_api.core.corrections import RecordKind
from xuexin_api.core.messages import Language, message
from xuexin_api.routers.identity.photo_presentation import proof_picture
from xuexin_api.routers.presentation import choices, enrollment
from xuexin_api.schemas import corrections as schemas
from xuexin_api.schemas.record_office import OfficeCertificate, OfficeDegree
from xuexin_api.schemas.terms import CodedName
from xuexin_api.schemas.types import Choice
from xuexin_api.services.archive.correction_view import CorrectionLine, CorrectionView
from xuexin_api.services.archive.corrections import CorrectionPage, CorrectionRequest
from xuexin_api.services.staff.correction_lookup import DeskCorrection, DeskLine, DeskPage


def correction_request(body: schemas.CorrectionSubmission) -> CorrectionRequest:
    wishes = [(wish.field, wish.value) for wish in body.fields]
    return CorrectionRequest(RecordKind(body.record), wishes, body.statement, body.proof_ids)


def record_correction(view: CorrectionView, language: Language) -> schemas.RecordCorrection:
    return schemas.RecordCorrection.model_validate(
        _line(view.line, language)
        | {
            "values": [
                schemas.CorrectedField.model_validate(
                    {"title": message(f"field_{wish.field}", language)}
                    | {"field": wish.field, "before": wish.before, "after": wish.after}
                )
                for wish in view.wishes
            ],
            "proofs": [proof_picture(photo, language) for photo in view.proofs],
            "log": [
                schemas.CorrectionEvent.model_validate(
                    {
                        "kind": event.kind,
                        "title": message(f"correction_event_{event.kind}", language),
                        "actor": event.actor,
                        "reason": _reason(event.reason, language),
                        "note": event.note,
                        "at": event.at,
                    }
                )
                for event in view.log
            ],
        }
    )


def record_correction_list(page: CorrectionPage, language: Language) -> schemas.RecordCorrectionList:
    items = [schemas.RecordCorrectionLine.model_validate(_line(line, language)) for line in page.items]
    return schemas.RecordCorrectionList(items=items, next_cursor=page.next_cursor)


def waiting_correction(view: DeskLine) -> schemas.WaitingCorrection:
    return schemas.WaitingCorrection.model_validate(_desk_line(view))


def correction_queue(page: DeskPage) -> schemas.CorrectionQueue:
    items = [schemas.DeskCorrectionLine.model_validate(_desk_line(view)) for view in page.items]
    return schemas.CorrectionQueue(items=items, next_cursor=page.next_cursor)


def desk_correction(view: DeskCorrection, language: Language) -> schemas.DeskCorrection:
    return schemas.DeskCorrection(
        correction=record_correction(view.correction, language),
        enrollment=enrollment(view.enrollment),
        version=view.version,
        certificate=None if view.certificate is None else OfficeCertificate.model_validate(view.certificate),
        degree=None if view.degree is None else OfficeDegree.model_validate(view.degree),
        asker=schemas.Asker.model_validate(view.asker),
        province_needed=view.province_needed,
        decisions=view.decisions,
    )


def _desk_line(view: DeskLine) -> dict[str, Any]:
    return {name: getattr(view, name) for name in DeskLine.__slots__} | {
        "institution": CodedName(code=view.institution_code, name=view.institution_name)
    }


def _line(view: CorrectionLine, language: Language) -> dict[str, Any]:
    return {name: getattr(view, name) for name in CorrectionLine.__slots__} | {
        "title": message(f"correction_state_{view.state}", language),
        "institution": CodedName(code=view.institution_code, name=view.institution_name),
        "reason": _reason(view.reason, language),
        "next": choices(view.next, language),
    }


def _reason(code: str | None, language: Language) -> Choice | None:
    return None if code is None else Choice(id=code, title=message(f"correction_reason_{code}", language))
