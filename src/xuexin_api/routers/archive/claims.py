"""尝试绑定: records that do not show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from xuexin_api.core.errors import (
    ClaimClosedError,
    ClaimNotFoundError,
    ClaimNotMatchedError,
    InsufficientUserAuthenticationError,
    RecordShowsError,
    TokenInvalidError,
    TokenMissingError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.archive import claim_service, former_identity_service, held_claim_service
from xuexin_api.dependencies.callers import CallerClaims, RequestLanguage
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.archive.claim_presentation import (
    claim_words,
    former_identity_list,
    held_claim,
    held_claim_list,
    record_claim,
    record_claim_list,
    record_keys,
)
from xuexin_api.routers.paging import PageCursor, PageLimit
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
from xuexin_api.schemas.types import Id
from xuexin_api.services.archive.claims import ClaimService
from xuexin_api.services.archive.former_identities import FormerIdentityService
from xuexin_api.services.archive.held_claims import HeldClaimService

router = APIRouter(prefix="/v1/archive", tags=["archive"], route_class=StrictRoute)
RecordClaims = Annotated[ClaimService, Depends(claim_service)]
HeldClaims = Annotated[HeldClaimService, Depends(held_claim_service)]
ClaimId = Annotated[Id, Path(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])]
_VERIFIED = (TokenMissingError, TokenInvalidError, InsufficientUserAuthenticationError)
_THE_CLAIM = (*_VERIFIED, ClaimNotFoundError)


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
    claim_id: ClaimId, claims: CallerClaims, language: RequestLanguage, record_claims: RecordClaims
) -> RecordClaim:
    """Who holds it since when, what happened, and what comes next."""
    return record_claim(await record_claims.get(claim_id, claims), language)


@router.post(
    "/claims/{claim_id}/submit",
    summary="Hand the claim in to the school",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CLAIM, ClaimClosedError),
)
async def submit_record_claim(
    claim_id: ClaimId,
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
    claim_id: ClaimId, claims: CallerClaims, language: RequestLanguage, record_claims: RecordClaims
) -> RecordClaim:
    """While nobody has decided."""
    return record_claim(await record_claims.withdraw(claim_id, claims), language)


@router.get("/held-claims", summary="Claims of others to my records", responses=refusals(*_VERIFIED))
async def list_held_claims(
    claims: CallerClaims,
    language: RequestLanguage,
    held_claims: HeldClaims,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> HeldClaimList:
    """Newest first, whatever became of them. Who claims is not told."""
    return held_claim_list(await held_claims.list_mine(claims, cursor=cursor, most=limit), language)


@router.post(
    "/held-claims/{claim_id}/objection",
    summary="Object to a claim to my record",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_CLAIM, ClaimClosedError),
)
async def object_to_claim(
    claim_id: ClaimId, body: ClaimObjection, claims: CallerClaims, language: RequestLanguage, held_claims: HeldClaims
) -> HeldClaim:
    """Once, until it is decided, or while a grant can be undone. Whoever decides reads it."""
    return held_claim(await held_claims.object(claim_id, body.words, claims), language)


@router.get("/former-identities", summary="Who I was before", responses=refusals(*_VERIFIED))
async def list_former_identities(
    claims: CallerClaims, identities: Annotated[FormerIdentityService, Depends(former_identity_service)]
) -> FormerIdentityList:
    """Former names and numbers, masked, under which a school granted that records are mine."""
    return former_identity_list(await identities.list_mine(claims))
