"""Claims in the words of the contract."""

from __future__ import annotations

from xuexin_api.core.messages import Language, message
from xuexin_api.routers.identity.photo_presentation import proof_picture
from xuexin_api.routers.presentation import choices, enrollment
from xuexin_api.schemas import claims as schemas
from xuexin_api.schemas.terms import CodedName
from xuexin_api.schemas.types import Choice
from xuexin_api.services.archive.claim_view import ClaimView
from xuexin_api.services.archive.claims import ClaimPage, ClaimWords, RecordKeys
from xuexin_api.services.archive.former_identities import FormerIdentityView
from xuexin_api.services.archive.held_claims import HeldClaim, HeldClaimPage
from xuexin_api.services.staff.claims import ClaimLines, OfficeClaim
from xuexin_api.services.staff.record_linking import Verdict


def record_keys(body: schemas.ClaimRequest) -> RecordKeys:
    if isinstance(body, schemas.QualificationClaim):
        return RecordKeys(body.institution_code, body.graduation_year, certificate_number=body.certificate_number)
    return RecordKeys(
        body.institution_code,
        body.admission_year,
        candidate_number=body.candidate_number,
        student_number=body.student_number,
    )


def claim_words(body: schemas.ClaimSubmission) -> ClaimWords:
    former = body.former_document
    return ClaimWords(body.statement, body.former_name, None if former is None else (former.type, former.number))


def record_claim(view: ClaimView, language: Language) -> schemas.RecordClaim:
    return schemas.RecordClaim.model_validate(
        {name: getattr(view, name) for name in ClaimView.__slots__}
        | {
            "title": message(f"claim_state_{view.state}", language),
            "institution": CodedName(code=view.institution_code, name=view.institution_name),
            "reason": _reason(view.reason, language),
            "log": [
                schemas.ClaimEvent(
                    kind=event.kind,
                    title=message(f"claim_event_{event.kind}", language),
                    actor=event.actor,
                    reason=_reason(event.reason, language),
                    note=event.note,
                    at=event.at,
                )
                for event in view.log
            ],
            "next": choices(view.next, language),
        }
    )


def record_claim_list(page: ClaimPage, language: Language) -> schemas.RecordClaimList:
    return schemas.RecordClaimList(
        items=[record_claim(view, language) for view in page.items], next_cursor=page.next_cursor
    )


def office_claim(view: OfficeClaim, language: Language) -> schemas.OfficeClaim:
    return schemas.OfficeClaim(
        claim=record_claim(view.claim, language),
        enrollment=enrollment(view.enrollment),
        claimant=schemas.Claimant.model_validate(view.claimant),
        held=view.held,
        holder=None if view.holder is None else schemas.OfficeHolder.model_validate(view.holder),
        transferred_to=None
        if view.transferred_to is None
        else CodedName(code=view.transferred_to[0], name=view.transferred_to[1]),
        proofs=[proof_picture(photo, language) for photo in view.proofs],
        decisions=view.decisions,
    )


def office_claim_list(page: ClaimLines) -> schemas.OfficeClaimList:
    return schemas.OfficeClaimList.model_validate(page)


def verdict(body: schemas.ClaimDecision) -> Verdict:
    return Verdict(body.reason, body.note, objection_read=body.objection_read)


def held_claim(view: HeldClaim, language: Language) -> schemas.HeldClaim:
    return schemas.HeldClaim.model_validate(
        {name: getattr(view, name) for name in HeldClaim.__slots__}
        | {
            "title": message(f"claim_state_{view.state}", language),
            "institution": CodedName(code=view.institution_code, name=view.institution_name),
            "reason": _reason(view.reason, language),
            "next": choices(view.next, language),
        }
    )


def held_claim_list(page: HeldClaimPage, language: Language) -> schemas.HeldClaimList:
    return schemas.HeldClaimList(
        items=[held_claim(view, language) for view in page.items], next_cursor=page.next_cursor
    )


def former_identity_list(views: list[FormerIdentityView]) -> schemas.FormerIdentityList:
    return schemas.FormerIdentityList(
        items=[
            schemas.FormerIdentity.model_validate(
                {name: getattr(view, name) for name in FormerIdentityView.__slots__}
                | {"institution": CodedName(code=view.institution_code, name=view.institution_name)}
            )
            for view in views
        ]
    )


def _reason(code: str | None, language: Language) -> Choice | None:
    return None if code is None else Choice(id=code, title=message(f"claim_reason_{code}", language))
