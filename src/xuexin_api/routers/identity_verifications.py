"""Proving who one is (实人认证)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from xuexin_api.core.errors import (
    FactsDoNotMatchError,
    IdentityHeldError,
    MethodNotAvailableError,
    TokenInvalidError,
    TokenMissingError,
    TooManyOperationsError,
    VerificationNotFoundError,
)
from xuexin_api.dependencies import CallerClaims, RequestLanguage, identity_verification_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.presentation import tokens, verification_method, verification_started
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.identity import (
    VerificationAnswers,
    VerificationMethodList,
    VerificationPassed,
    VerificationRequest,
    VerificationStarted,
)
from xuexin_api.schemas.types import Id
from xuexin_api.services.identity.identity_verification import IdentityVerificationService

router = APIRouter(prefix="/v1/identity-verifications", tags=["identity"], route_class=StrictRoute)
VerificationId = Annotated[Id, Path(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])]
Verifications = Annotated[IdentityVerificationService, Depends(identity_verification_service)]


@router.get("/methods", summary="Ways to verify", responses=refusals(TokenMissingError, TokenInvalidError))
async def list_verification_methods(
    claims: CallerClaims, language: RequestLanguage, verifications: Verifications
) -> VerificationMethodList:
    """Every way there is, and why one is not open to this account."""
    methods = await verifications.list_methods(claims)
    return VerificationMethodList(items=[verification_method(method, language) for method in methods])


@router.post(
    "",
    status_code=201,
    summary="Begin a verification",
    openapi_extra=once(secret=False),
    responses=refusals(TokenMissingError, TokenInvalidError, MethodNotAvailableError, TooManyOperationsError),
)
async def start_identity_verification(
    body: VerificationRequest, claims: CallerClaims, language: RequestLanguage, verifications: Verifications
) -> VerificationStarted:
    """Get the questions. They say nothing about whether the archive knows the claimed document."""
    return verification_started(await verifications.start(body.method, claims), language)


@router.post(
    "/{verification_id}/answers",
    summary="Answer the questions",
    openapi_extra=once(secret=True),
    responses=refusals(
        TokenMissingError,
        TokenInvalidError,
        FactsDoNotMatchError,
        VerificationNotFoundError,
        MethodNotAvailableError,
        IdentityHeldError,
        TooManyOperationsError,
    ),
)
async def answer_identity_verification(
    verification_id: VerificationId,
    body: VerificationAnswers,
    claims: CallerClaims,
    verifications: Verifications,
) -> VerificationPassed:
    """Right answers give tokens that read the archive for 30 minutes and end all earlier tokens of the session.

    Wrong ones never say which was wrong; tries are limited per person, over all accounts.
    """
    passed = await verifications.answer(
        verification_id, {str(asked): text for asked, text in body.answers.items()}, claims
    )
    return VerificationPassed(id=passed.id, status="passed", tokens=tokens(passed.tokens))
