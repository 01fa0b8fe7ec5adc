"""证件重号审核: a document that somebody else registered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    CaseClosedError,
    CaseExistsError,
    CaseLimitReachedError,
    CaseNotFoundError,
    DocumentUnderReviewError,
    EvidenceNeededError,
    FactsDoNotMatchError,
    HolderChangedError,
    NoConflictError,
    ObjectionRejectedError,
    PhotoSideMissingError,
    StrongerEvidenceNeededError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage, RequestSource
from xuexin_api.dependencies.identity import identity_case_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.identity.case_presentation import identity_case
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.cases import (
    CaseFacts,
    CaseObjection,
    CaseObjectionByLink,
    IdentityCase,
    IdentityCaseList,
)
from xuexin_api.schemas.vouching import CaseClassmateRequest
from xuexin_api.services.identity.identity_cases import IdentityCaseService

router = APIRouter(prefix="/v1/identity-cases", tags=["identity cases"], route_class=StrictRoute)
Cases = Annotated[IdentityCaseService, Depends(identity_case_service)]


@router.post(
    "",
    status_code=201,
    summary="Open another case",
    openapi_extra=once(secret=False),
    responses=refusals(*LOGGED_IN, NoConflictError, CaseExistsError, CaseLimitReachedError),
)
async def open_identity_case(claims: CallerClaims, language: RequestLanguage, cases: Cases) -> IdentityCase:
    """An account that was re-registered has its first case already; this is for when that came to nothing.

    A draft is told to nobody and expires after 24 hours.
    """
    return identity_case(await cases.open(claims), language)


@router.get("", summary="Cases that concern my account", responses=refusals(*LOGGED_IN))
async def list_identity_cases(
    claims: CallerClaims,
    language: RequestLanguage,
    cases: Cases,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> IdentityCaseList:
    """My own claims, and claims to the document of my account; newest first."""
    page = await cases.list_mine(claims, cursor=cursor, most=limit)
    return IdentityCaseList(items=[identity_case(view, language) for view in page.items], next_cursor=page.next_cursor)


@router.post(
    "/objections",
    status_code=204,
    summary="Object by the link of a message",
    openapi_extra=once(secret=False),
    responses=refusals(ObjectionRejectedError, AddressLimitedError),
)
async def object_by_link(body: CaseObjectionByLink, source: RequestSource, cases: Cases) -> None:
    """Needs no login: the link went to every channel of the account. After a grant it asks for its undoing.

    A reviewer decides, and never the objection alone.
    """
    await cases.object_by_link(body.secret, body.statement, network=source.network)


@router.get("/{case_id}", summary="One case", responses=refusals(*LOGGED_IN, CaseNotFoundError))
async def get_identity_case(
    case_id: PathId, claims: CallerClaims, language: RequestLanguage, cases: Cases
) -> IdentityCase:
    """Its state, everything that happened, how long it will take, and what can be done next."""
    return identity_case(await cases.get(case_id, claims), language)


@router.post(
    "/{case_id}/record-facts",
    summary="Give facts of my record as evidence",
    openapi_extra=once(secret=False),
    responses=refusals(*LOGGED_IN, CaseNotFoundError, CaseClosedError, FactsDoNotMatchError, TooManyOperationsError),
)
async def give_record_facts(
    case_id: PathId, body: CaseFacts, claims: CallerClaims, language: RequestLanguage, cases: Cases
) -> IdentityCase:
    """Weak evidence, for classmates know the answers. Tries are limited per person, over all accounts."""
    answers = {str(asked): text for asked, text in body.answers.items()}
    return identity_case(await cases.give_facts(case_id, answers, claims), language)


@router.post(
    "/{case_id}/classmates",
    summary="Ask a classmate to vouch",
    openapi_extra=once(secret=False),
    responses=refusals(*LOGGED_IN, CaseNotFoundError, CaseClosedError, CaseLimitReachedError),
)
async def ask_classmate(
    case_id: PathId, body: CaseClassmateRequest, claims: CallerClaims, language: RequestLanguage, cases: Cases
) -> IdentityCase:
    """Two verified people of the same class must vouch. The answer is the same whoever's the number is.

    Each is told what they vouch for, and types the code that the applicant tells them in person.
    """
    return identity_case(await cases.ask_classmate(case_id, body.phone, claims), language)


@router.post(
    "/{case_id}/submit",
    summary="Hand the case in",
    openapi_extra=once(secret=False),
    responses=refusals(
        *LOGGED_IN,
        CaseNotFoundError,
        CaseClosedError,
        EvidenceNeededError,
        PhotoSideMissingError,
        StrongerEvidenceNeededError,
        DocumentUnderReviewError,
        HolderChangedError,
        TooManyOperationsError,
    ),
)
async def submit_identity_case(
    case_id: PathId, claims: CallerClaims, language: RequestLanguage, cases: Cases
) -> IdentityCase:
    """From now on the evidence stands. The holder is told on every channel, and `effect_at` says when it may count."""
    return identity_case(await cases.submit(case_id, claims), language)


@router.post(
    "/{case_id}/withdraw",
    summary="Give the claim up",
    openapi_extra=once(secret=False),
    responses=refusals(*LOGGED_IN, CaseNotFoundError, CaseClosedError),
)
async def withdraw_identity_case(
    case_id: PathId, claims: CallerClaims, language: RequestLanguage, cases: Cases
) -> IdentityCase:
    """Until it is decided. The account stays in conflict."""
    return identity_case(await cases.withdraw(case_id, claims), language)


@router.post(
    "/{case_id}/objection",
    summary="Object to a claim to my document",
    openapi_extra=once(secret=False),
    responses=refusals(*LOGGED_IN, CaseNotFoundError, ObjectionRejectedError),
)
async def object_to_identity_case(
    case_id: PathId, body: CaseObjection, claims: CallerClaims, language: RequestLanguage, cases: Cases
) -> IdentityCase:
    """The holder's word, once: a reviewer decides then, and not the clock."""
    return identity_case(await cases.object(case_id, body.statement, claims), language)
