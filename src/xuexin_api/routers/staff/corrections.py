"""Corrections of records, at the desks of schools and provinces."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from xuexin_api.core.corrections import CorrectionState, CorrectionStep
from xuexin_api.core.errors import (
    CandidateNumberInUseError,
    CertificateNumberTakenError,
    CorrectionClosedError,
    CorrectionNotFoundError,
    CorrectionUnfitError,
    ProvinceNeededError,
    RecordChangedError,
    StudentNumberInUseError,
    UploadNotFoundError,
    VersionNeededError,
)
from xuexin_api.dependencies.callers import OF_STAFF, ExpectedTag, RequestLanguage, StaffClaims
from xuexin_api.dependencies.staff import correction_desk_service, correction_lookup
from xuexin_api.openapi import JPEG, once, refusals
from xuexin_api.routers.archive.correction_presentation import (
    correction_queue,
    desk_correction,
    waiting_correction,
)
from xuexin_api.routers.identity.photo_presentation import photo_answer
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.staff.assignments import DECIDING, HAVING, TAKING
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.corrections import (
    CorrectionDecision,
    CorrectionQueue,
    CorrectionRefusal,
    DeskCorrection,
    DeskState,
    WaitingCorrection,
)
from xuexin_api.services.staff.correction_lookup import CorrectionLookup
from xuexin_api.services.staff.corrections import CorrectionDeskService

router = APIRouter(prefix="/v1/staff/corrections", tags=["staff"], route_class=StrictRoute)
Desk = Annotated[CorrectionDeskService, Depends(correction_desk_service)]
Lookup = Annotated[CorrectionLookup, Depends(correction_lookup)]
_MINE = (*HAVING, CorrectionNotFoundError)
_DECIDING = (*DECIDING, CorrectionNotFoundError, CorrectionClosedError)


@router.get("", summary="Corrections at my desk", responses=refusals(*OF_STAFF))
async def list_correction_queue(
    claims: StaffClaims,
    lookup: Lookup,
    state: Annotated[
        DeskState | None,
        Query(description="In which state, also what has left the desk; none: what waits for it."),
    ] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> CorrectionQueue:
    """Of one's school, or forwarded to one's province: the next to be over first; what has ended, newest first.

    Whom they are about stands inside.
    """
    wanted = state and CorrectionState(state)
    return correction_queue(await lookup.list_corrections(wanted, claims, cursor=cursor, most=limit))


@router.post(
    "/{correction_id}/take",
    summary="Take a correction",
    openapi_extra=once(secret=False),
    responses=refusals(*TAKING, CorrectionNotFoundError),
)
async def take_correction(correction_id: PathId, claims: StaffClaims, desk: Desk) -> WaitingCorrection:
    """One member at a time, and nobody about themselves. Another school's is 404, and the try is written down."""
    return waiting_correction(await desk.take(correction_id, claims))


@router.post(
    "/{correction_id}/release",
    status_code=204,
    summary="Give a correction back",
    openapi_extra=once(secret=False),
    responses=refusals(*_MINE, CorrectionClosedError),
)
async def release_correction(correction_id: PathId, claims: StaffClaims, desk: Desk) -> None:
    """For somebody else to take."""
    await desk.release(correction_id, claims)


@router.get("/{correction_id}", summary="Look at a correction", responses=refusals(*_MINE))
async def view_correction(
    correction_id: PathId, claims: StaffClaims, language: RequestLanguage, lookup: Lookup
) -> DeskCorrection:
    """What waits for the desk, only while it is assigned to the asker; what has left it, with nothing to decide.

    Each look is written down, and its student sees it.
    """
    return desk_correction(await lookup.view(correction_id, claims), language)


@router.get(
    "/{correction_id}/proofs/{photo_id}",
    summary="Look at a picture of my correction",
    response_class=Response,
    responses=refusals(*_MINE, UploadNotFoundError) | JPEG,
)
async def view_correction_proof(
    correction_id: PathId, photo_id: PathId, claims: StaffClaims, lookup: Lookup
) -> Response:
    """Who looked, and when, is written down first, and shown to its student."""
    return photo_answer(await lookup.view_proof(correction_id, photo_id, claims))


@router.post(
    "/{correction_id}/apply",
    status_code=204,
    summary="The record becomes as it should be",
    openapi_extra=once(secret=False),
    responses=refusals(
        *_DECIDING,
        ProvinceNeededError,
        CorrectionUnfitError,
        StudentNumberInUseError,
        CandidateNumberInUseError,
        CertificateNumberTakenError,
        RecordChangedError,
        VersionNeededError,
    ),
)
async def apply_correction(
    correction_id: PathId, body: CorrectionDecision, claims: StaffClaims, expected: ExpectedTag, desk: Desk
) -> None:
    """At the version that was seen, with `If-Match`; what it was stays in its history.

    A school applies what `province_needed` does not keep from it; a province what came to it. A 学历 or 学位 changes
    only here, and only for the school's own error.
    """
    await desk.apply(correction_id, body.reason, body.note, expected, claims)


@router.post(
    "/{correction_id}/return",
    status_code=204,
    summary="Something is missing",
    openapi_extra=once(secret=False),
    responses=refusals(*_DECIDING),
)
async def return_correction(correction_id: PathId, body: CorrectionRefusal, claims: StaffClaims, desk: Desk) -> None:
    """Back to its student, with what; a few times only."""
    await desk.decide(correction_id, CorrectionStep.RETURN, body.reason, body.note, claims)


@router.post(
    "/{correction_id}/forward",
    status_code=204,
    summary="The province decides",
    openapi_extra=once(secret=False),
    responses=refusals(*_DECIDING),
)
async def forward_correction(correction_id: PathId, body: CorrectionDecision, claims: StaffClaims, desk: Desk) -> None:
    """With the school's words. What a school leaves for too long goes there by itself."""
    await desk.decide(correction_id, CorrectionStep.FORWARD, body.reason, body.note, claims)


@router.post(
    "/{correction_id}/decline",
    status_code=204,
    summary="The record stays as it is",
    openapi_extra=once(secret=False),
    responses=refusals(*_DECIDING),
)
async def decline_correction(correction_id: PathId, body: CorrectionRefusal, claims: StaffClaims, desk: Desk) -> None:
    """With the reason in words; its student may ask anew."""
    await desk.decide(correction_id, CorrectionStep.DECLINE, body.reason, body.note, claims)
