"""更正: records that are wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    CorrectionClosedError,
    CorrectionNotFoundError,
    CorrectionOpenError,
    RecordNotFoundError,
    TooManyOperationsError,
    UploadNotFoundError,
)
from xuexin_api.dependencies.archive import correction_photo_service, correction_service
from xuexin_api.dependencies.callers import VERIFIED, CallerClaims, RequestLanguage
from xuexin_api.openapi import JPEG, once, picture_form, refusals
from xuexin_api.routers.archive.correction_presentation import (
    correction_request,
    record_correction,
    record_correction_list,
)
from xuexin_api.routers.identity.photo_presentation import photo_answer, proof_picture, proof_picture_list
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.photo_form import PHOTO_REFUSALS, PhotoRoute, SentPictureForm, WantsFit
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.corrections import (
    CorrectionResubmission,
    CorrectionSubmission,
    RecordCorrection,
    RecordCorrectionList,
)
from xuexin_api.schemas.photos import ProofPicture, ProofPictureList
from xuexin_api.services.archive.corrections import CorrectionService
from xuexin_api.services.photos.sent_photos import SentPhotoService

router = APIRouter(prefix="/v1/archive", tags=["archive"], route_class=StrictRoute)
form_router = APIRouter(prefix="/v1/archive", tags=["archive"], route_class=PhotoRoute)
Corrections = Annotated[CorrectionService, Depends(correction_service)]
Photos = Annotated[SentPhotoService, Depends(correction_photo_service)]
_MINE = (*VERIFIED, RecordNotFoundError)
_THE_CORRECTION = (*_MINE, CorrectionNotFoundError)
_PROOFS = "/enrollments/{enrollment_id}/correction-proofs"


@form_router.post(
    _PROOFS,
    status_code=201,
    summary="Send a picture that proves a correction",
    openapi_extra=once(secret=False) | picture_form(),
    responses=refusals(*_MINE, *PHOTO_REFUSALS),
)
async def send_correction_proof(
    enrollment_id: PathId,
    claims: CallerClaims,
    language: RequestLanguage,
    photos: Photos,
    form: SentPictureForm,
    fit: WantsFit = False,  # noqa: FBT002 - a parameter of the address
) -> ProofPicture:
    """A page of a document, or a certificate. A correction that is handed in within a day takes it along by its id.

    Who looks at it is seen in `GET /v1/archive/accesses`; some time after the decision it is erased.
    """
    return proof_picture(await photos.take(enrollment_id, claims, form, fit=fit), language)


@router.get(_PROOFS, summary="Pictures that no correction has yet", responses=refusals(*_MINE))
async def list_correction_proofs(
    enrollment_id: PathId, claims: CallerClaims, language: RequestLanguage, corrections: Corrections
) -> ProofPictureList:
    """That I sent for this record, refused ones with the reason; gone after a day."""
    return proof_picture_list(await corrections.list_proofs(enrollment_id, claims), language)


@router.get(
    _PROOFS + "/{photo_id}",
    summary="My picture again",
    response_class=Response,
    responses=refusals(*VERIFIED, UploadNotFoundError) | JPEG,
)
async def get_correction_proof(
    enrollment_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos
) -> Response:
    """As it is kept, while no correction has it."""
    return photo_answer(await photos.get(enrollment_id, photo_id, claims))


@router.delete(
    _PROOFS + "/{photo_id}",
    status_code=204,
    summary="Take my picture back",
    responses=refusals(*_MINE, UploadNotFoundError),
)
async def delete_correction_proof(
    enrollment_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos
) -> None:
    """While no correction has it: it is erased at once."""
    await photos.remove(enrollment_id, photo_id, claims)


@router.post(
    "/enrollments/{enrollment_id}/corrections",
    status_code=201,
    summary="Say what is wrong in my record",
    openapi_extra=once(secret=False),
    responses=refusals(*_MINE, CorrectionOpenError, TooManyOperationsError),
)
async def submit_correction(
    enrollment_id: PathId,
    body: CorrectionSubmission,
    claims: CallerClaims,
    language: RequestLanguage,
    corrections: Corrections,
) -> RecordCorrection:
    """Which fields of the 学籍, 学历 or 学位, what they should be, why, and the pictures that prove it: to the school.

    The record stays as it is until somebody decides: the school, or the province (openapi/corrections.md). One
    correction of a record at a time.
    """
    view = await corrections.submit(enrollment_id, correction_request(body), claims)
    return record_correction(view, language)


@router.get("/corrections", summary="Corrections that I asked for", responses=refusals(*_MINE))
async def list_corrections(
    claims: CallerClaims,
    language: RequestLanguage,
    corrections: Corrections,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> RecordCorrectionList:
    """Newest first, whatever became of them: who holds each, since when, and until when."""
    return record_correction_list(await corrections.list_mine(claims, cursor=cursor, most=limit), language)


@router.get(
    "/corrections/{correction_id}", summary="One correction that I asked for", responses=refusals(*_THE_CORRECTION)
)
async def get_correction(
    correction_id: PathId, claims: CallerClaims, language: RequestLanguage, corrections: Corrections
) -> RecordCorrection:
    """Old values and new, proof, who did what when, and what comes next."""
    return record_correction(await corrections.get(correction_id, claims), language)


@router.get(
    "/corrections/{correction_id}/proofs/{photo_id}",
    summary="A picture of my correction",
    response_class=Response,
    responses=refusals(*_THE_CORRECTION, UploadNotFoundError) | JPEG,
)
async def get_proof_of_correction(
    correction_id: PathId, photo_id: PathId, claims: CallerClaims, corrections: Corrections
) -> Response:
    """As it is kept, until it is erased."""
    return photo_answer(await corrections.get_proof(correction_id, photo_id, claims))


@router.post(
    "/corrections/{correction_id}/submit",
    summary="Hand a returned correction in again",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CORRECTION, CorrectionClosedError, TooManyOperationsError),
)
async def submit_correction_again(
    correction_id: PathId,
    body: CorrectionResubmission,
    claims: CallerClaims,
    language: RequestLanguage,
    corrections: Corrections,
) -> RecordCorrection:
    """With what the school missed. Who wants something else withdraws, and begins anew."""
    view = await corrections.submit_again(correction_id, body.statement, body.proof_ids, claims)
    return record_correction(view, language)


@router.post(
    "/corrections/{correction_id}/withdraw",
    summary="Ask for a correction no longer",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CORRECTION, CorrectionClosedError),
)
async def withdraw_correction(
    correction_id: PathId, claims: CallerClaims, language: RequestLanguage, corrections: Corrections
) -> RecordCorrection:
    """While nobody has decided. Its pictures are erased."""
    return record_correction(await corrections.withdraw(correction_id, claims), language)
