"""尝试绑定: records that do not show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    ClaimClosedError,
    ClaimNotFoundError,
    ClaimNotMatchedError,
    ObjectionLateError,
    RecordShowsError,
    TooManyOperationsError,
    UploadNotFoundError,
)
from xuexin_api.dependencies.archive import (
    claim_photo_service,
    claim_service,
    former_identity_service,
    held_claim_service,
)
from xuexin_api.dependencies.callers import VERIFIED, CallerClaims, RequestLanguage
from xuexin_api.openapi import JPEG, once, picture_form, refusals
from xuexin_api.routers.archive.claim_presentation import (
    claim_words,
    former_identity_list,
    held_claim,
    held_claim_list,
    record_claim,
    record_claim_list,
    record_keys,
)
from xuexin_api.routers.identity.photo_presentation import photo_answer, proof_picture, proof_picture_list
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.photo_form import PHOTO_REFUSALS, PhotoRoute, SentPictureForm, WantsFit
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.claims import (
    ClaimObjection,
    ClaimRequest,
    ClaimSubmission,
    FormerIdentityList,
    HeldClaim,
    HeldClaimList,
    RecordClaim,
    RecordClaimList,
)
from xuexin_api.schemas.photos import ProofPicture, ProofPictureList
from xuexin_api.services.archive.claims import ClaimService
from xuexin_api.services.archive.former_identities import FormerIdentityService
from xuexin_api.services.archive.held_claims import HeldClaimService
from xuexin_api.services.photos.sent_photos import SentPhotoService

router = APIRouter(prefix="/v1/archive", tags=["archive"], route_class=StrictRoute)
form_router = APIRouter(prefix="/v1/archive", tags=["archive"], route_class=PhotoRoute)
Photos = Annotated[SentPhotoService, Depends(claim_photo_service)]
_PROOFS = "/claims/{claim_id}/proofs"
RecordClaims = Annotated[ClaimService, Depends(claim_service)]
HeldClaims = Annotated[HeldClaimService, Depends(held_claim_service)]
_THE_CLAIM = (*VERIFIED, ClaimNotFoundError)


@router.post(
    "/claims",
    status_code=201,
    summary="Ask for a record that does not show",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CLAIM, ClaimNotMatchedError, RecordShowsError, TooManyOperationsError),
)
async def claim_record(
    body: ClaimRequest, claims: CallerClaims, language: RequestLanguage, record_claims: RecordClaims
) -> RecordClaim:
    """The record is there, and not all of its student is as the account was verified: which fields, never their values.

    A record that is not there, a wrong number and a record of somebody unlike the caller get one answer.
    """
    return record_claim(await record_claims.claim(record_keys(body), claims), language)


@router.get("/claims", summary="Records that I asked for", responses=refusals(*_THE_CLAIM))
async def list_record_claims(
    claims: CallerClaims,
    language: RequestLanguage,
    record_claims: RecordClaims,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> RecordClaimList:
    """Newest first, whatever became of them."""
    return record_claim_list(await record_claims.list_mine(claims, cursor=cursor, most=limit), language)


@router.get("/claims/{claim_id}", summary="One record that I asked for", responses=refusals(*_THE_CLAIM))
async def get_record_claim(
    claim_id: PathId, claims: CallerClaims, language: RequestLanguage, record_claims: RecordClaims
) -> RecordClaim:
    """Who holds it since when, what happened, and what comes next."""
    return record_claim(await record_claims.get(claim_id, claims), language)


@form_router.post(
    _PROOFS,
    status_code=201,
    summary="Send a picture that proves a claim",
    openapi_extra=once(secret=False) | picture_form(),
    responses=refusals(*_THE_CLAIM, ClaimClosedError, *PHOTO_REFUSALS),
)
async def send_claim_proof(
    claim_id: PathId,
    claims: CallerClaims,
    language: RequestLanguage,
    photos: Photos,
    form: SentPictureForm,
    fit: WantsFit = False,  # noqa: FBT002 - a parameter of the address
) -> ProofPicture:
    """A page of a document, or a certificate: to a draft, or to what a school or province has and has not decided.

    Who looks at it is seen in `GET /v1/archive/accesses`; some time after the decision it is erased.
    """
    return proof_picture(await photos.take(claim_id, claims, form, fit=fit), language)


@router.get(_PROOFS, summary="Pictures of my claim", responses=refusals(*_THE_CLAIM))
async def list_claim_proofs(
    claim_id: PathId, claims: CallerClaims, language: RequestLanguage, record_claims: RecordClaims
) -> ProofPictureList:
    """Oldest first, refused ones with the reason."""
    return proof_picture_list(await record_claims.list_proofs(claim_id, claims), language)


@router.get(
    _PROOFS + "/{photo_id}",
    summary="My picture again",
    response_class=Response,
    responses=refusals(*VERIFIED, UploadNotFoundError) | JPEG,
)
async def get_claim_proof(claim_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos) -> Response:
    """As it is kept, until it is erased."""
    return photo_answer(await photos.get(claim_id, photo_id, claims))


@router.delete(
    _PROOFS + "/{photo_id}",
    status_code=204,
    summary="Take my picture back",
    responses=refusals(*_THE_CLAIM, ClaimClosedError, UploadNotFoundError),
)
async def delete_claim_proof(claim_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos) -> None:
    """While nobody has looked at it: it is erased at once."""
    await photos.remove(claim_id, photo_id, claims)


@router.post(
    "/claims/{claim_id}/submit",
    summary="Hand the claim in to the school",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CLAIM, ClaimClosedError, RecordShowsError),
)
async def submit_record_claim(
    claim_id: PathId,
    body: ClaimSubmission,
    claims: CallerClaims,
    language: RequestLanguage,
    record_claims: RecordClaims,
) -> RecordClaim:
    """With one's words, and the name and number of before. An account that holds the record verified is told."""
    return record_claim(await record_claims.submit(claim_id, claim_words(body), claims), language)


@router.post(
    "/claims/{claim_id}/withdraw",
    summary="Ask for the record no longer",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CLAIM, ClaimClosedError),
)
async def withdraw_record_claim(
    claim_id: PathId, claims: CallerClaims, language: RequestLanguage, record_claims: RecordClaims
) -> RecordClaim:
    """While nobody has decided."""
    return record_claim(await record_claims.withdraw(claim_id, claims), language)


@router.get("/held-claims", summary="Claims of others to my records", responses=refusals(*VERIFIED))
async def list_held_claims(
    claims: CallerClaims,
    language: RequestLanguage,
    held_claims: HeldClaims,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> HeldClaimList:
    """Newest first, whatever became of them. Who claims is not told. Grants are read without a fresh verification."""
    return held_claim_list(await held_claims.list_mine(claims, cursor=cursor, most=limit), language)


@router.post(
    "/held-claims/{claim_id}/objection",
    summary="Object to a claim to my record",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CLAIM, ClaimClosedError, ObjectionLateError),
)
async def object_to_claim(
    claim_id: PathId, body: ClaimObjection, claims: CallerClaims, language: RequestLanguage, held_claims: HeldClaims
) -> HeldClaim:
    """Once, until it is decided, or for 30 days after a grant, which can then be undone for 30 more."""
    return held_claim(await held_claims.object(claim_id, body.words, claims), language)


@router.get("/former-identities", summary="Who I was before", responses=refusals(*VERIFIED))
async def list_former_identities(
    claims: CallerClaims, identities: Annotated[FormerIdentityService, Depends(former_identity_service)]
) -> FormerIdentityList:
    """Former names and numbers, masked, under which a school granted that records are mine."""
    return former_identity_list(await identities.list_mine(claims))
