"""Proving who one is (实人认证)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    CaseClosedError,
    CaseLimitReachedError,
    FactsDoNotMatchError,
    IdentityHeldError,
    MethodNotAvailableError,
    PhotoSideMissingError,
    ProviderAnsweredWronglyError,
    ProviderUnavailableError,
    TooManyOperationsError,
    VerificationClosedError,
    VerificationNotFoundError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage
from xuexin_api.dependencies.identity import identity_verification_service, verification_result_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.identity.verification_presentation import verification_result
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.presentation import tokens, verification_checked, verification_method, verification_started
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.identity import (
    VerificationAnswers,
    VerificationChecked,
    VerificationMethodList,
    VerificationPassed,
    VerificationRequest,
    VerificationResult,
    VerificationResultList,
    VerificationStarted,
)
from xuexin_api.schemas.vouching import CaseClassmateRequest
from xuexin_api.services.identity.identity_verification import IdentityVerificationService
from xuexin_api.services.identity.verification_results import VerificationResultService

router = APIRouter(prefix="/v1/identity-verifications", tags=["identity"], route_class=StrictRoute)
Results = Annotated[VerificationResultService, Depends(verification_result_service)]
Verifications = Annotated[IdentityVerificationService, Depends(identity_verification_service)]


@router.get("/methods", summary="Ways to verify", responses=refusals(*LOGGED_IN))
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
    responses=refusals(
        *LOGGED_IN,
        MethodNotAvailableError,
        CaseClosedError,
        TooManyOperationsError,
        ProviderAnsweredWronglyError,
        ProviderUnavailableError,
    ),
)
async def start_identity_verification(
    body: VerificationRequest, claims: CallerClaims, language: RequestLanguage, verifications: Verifications
) -> VerificationStarted:
    """Get the questions, which say nothing about whether the archive knows the document; or the provider's page.

    `classmates`: ask them by `…/classmates`. `handheld_photo`: send both sides to `…/photos`, then `…/submit` them.
    Both within `expires_in`.
    """
    return verification_started(await verifications.start(body.method, claims), language)


@router.post(
    "/{verification_id}/answers",
    summary="Answer the questions",
    openapi_extra=once(secret=True),
    responses=refusals(
        *LOGGED_IN,
        FactsDoNotMatchError,
        VerificationNotFoundError,
        MethodNotAvailableError,
        IdentityHeldError,
        TooManyOperationsError,
    ),
)
async def answer_identity_verification(
    verification_id: PathId,
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


@router.post(
    "/{verification_id}/check",
    summary="Ask how it went",
    openapi_extra=once(secret=True),
    responses=refusals(
        *LOGGED_IN,
        VerificationNotFoundError,
        MethodNotAvailableError,
        IdentityHeldError,
        CaseClosedError,
        ProviderAnsweredWronglyError,
        ProviderUnavailableError,
    ),
)
async def check_identity_verification(
    verification_id: PathId, claims: CallerClaims, verifications: Verifications
) -> VerificationChecked:
    """We ask the provider ourselves; what its page or a redirect brought is believed by nobody.

    `pending` may be asked again. An active account that passed gets tokens that read the archive; for one in conflict
    it is strong evidence of its case. Of photos a reviewer decides, of classmates two who vouched; the session that
    began it gets the tokens.
    """
    return verification_checked(await verifications.check(verification_id, claims))


@router.post(
    "/{verification_id}/classmates",
    summary="Ask a classmate to vouch for a verification",
    openapi_extra=once(secret=False),
    responses=refusals(
        *LOGGED_IN, VerificationNotFoundError, VerificationClosedError, CaseLimitReachedError, TooManyOperationsError
    ),
)
async def ask_classmate_to_verify(
    verification_id: PathId,
    body: CaseClassmateRequest,
    claims: CallerClaims,
    language: RequestLanguage,
    results: Results,
) -> VerificationResult:
    """Two verified people of the same class must vouch. The answer is the same whoever's the number is.

    Each is told what they vouch for, and types the code that the applicant tells them in person. Then ask `…/check`.
    """
    return verification_result(await results.ask_classmate(verification_id, body.phone, claims), language)


@router.post(
    "/{verification_id}/submit",
    summary="Hand the photos in",
    openapi_extra=once(secret=False),
    responses=refusals(
        *LOGGED_IN,
        VerificationNotFoundError,
        VerificationClosedError,
        PhotoSideMissingError,
    ),
)
async def submit_identity_verification(
    verification_id: PathId, claims: CallerClaims, language: RequestLanguage, results: Results
) -> VerificationResult:
    """Both sides go to a reviewer, and stand from now on. Who sent them is told the result, and asks `…/check` then."""
    return verification_result(await results.hand_in(verification_id, claims), language)


@router.get("", summary="My verifications", responses=refusals(*LOGGED_IN))
async def list_identity_verifications(
    claims: CallerClaims,
    language: RequestLanguage,
    results: Results,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> VerificationResultList:
    """What was tried and what came of it, newest first."""
    page = await results.list_mine(claims, cursor=cursor, most=limit)
    return VerificationResultList(
        items=[verification_result(view, language) for view in page.items], next_cursor=page.next_cursor
    )


@router.get(
    "/{verification_id}",
    summary="One verification",
    responses=refusals(*LOGGED_IN, VerificationNotFoundError),
)
async def get_identity_verification(
    verification_id: PathId, claims: CallerClaims, language: RequestLanguage, results: Results
) -> VerificationResult:
    """Its status as we know it, and of photos and classmates everything that happened; `…/check` asks the provider."""
    return verification_result(await results.get(verification_id, claims), language)


@router.delete(
    "/{verification_id}",
    status_code=204,
    summary="End a result",
    responses=refusals(*LOGGED_IN, VerificationNotFoundError),
)
async def end_identity_verification(verification_id: PathId, claims: CallerClaims, results: Results) -> None:
    """It opens nothing from now on: the session that it raised is back at login, and refreshes to such tokens.

    What was begun ends: photos that are not decided are taken back, and erased; accepted ones give no tokens any more.
    """
    await results.end(verification_id, claims)
