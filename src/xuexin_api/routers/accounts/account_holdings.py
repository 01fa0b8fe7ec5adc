"""What one agreed to, what is held about one, and leaving."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from xuexin_api.core.errors import (
    ClosingRejectedError,
    CodeRejectedError,
    ConsentRequiredError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.accounts import account_closing_service, account_export_service, consent_service
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.accounts.account_changes import CONFIRMED
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.presentation import closing_effects
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.changes import (
    Closing,
    ClosingEffects,
    ClosingStarted,
    Consent,
    ConsentGiving,
    ConsentKind,
    ConsentList,
    Export,
)
from xuexin_api.schemas.factors import Confirmed
from xuexin_api.services.accounts.account_changes import SentCode
from xuexin_api.services.accounts.account_closing import AccountClosingService
from xuexin_api.services.accounts.account_export import AccountExportService
from xuexin_api.services.accounts.consents import ConsentService

router = APIRouter(prefix="/v1/account", tags=["account"], route_class=StrictRoute)
Consents = Annotated[ConsentService, Depends(consent_service)]


@router.get("/consents", summary="What I agreed to", responses=refusals(*LOGGED_IN))
async def list_consents(
    claims: CallerClaims, consents: Consents, cursor: PageCursor = None, limit: PageLimit = 20
) -> ConsentList:
    """Every consent that was given, declined or withdrawn, with its version; newest first."""
    return ConsentList.model_validate(await consents.list_all(claims, cursor=cursor, most=limit))


@router.put(
    "/consents/{kind}",
    summary="Give or withdraw a consent",
    responses=refusals(*LOGGED_IN, ConsentRequiredError, TooManyOperationsError),
)
async def set_consent(
    kind: Annotated[ConsentKind, Path(description="Consent to what.")],
    body: ConsentGiving,
    claims: CallerClaims,
    consents: Consents,
) -> Consent:
    """A consent that the service cannot do without is withdrawn by closing the account.

    What is so already stays as it was answered then.
    """
    return Consent.model_validate(await consents.set(claims, kind, version=body.version, given=body.given))


@router.post("/export", summary="Everything held about me", responses=refusals(*CONFIRMED))
async def export_account(
    body: Confirmed,
    claims: CallerClaims,
    exports: Annotated[AccountExportService, Depends(account_export_service)],
) -> Export:
    """Unmasked, so it needs the password, and a fresh verification where the account was verified.

    It reads and changes nothing, so it takes no `Idempotency-Key`: nobody keeps its answer, to give it again or else.
    """
    return Export.model_validate(await exports.export(claims, body.password))


@router.get("/closing/effects", summary="What closing the account means")
async def list_closing_effects(language: RequestLanguage) -> ClosingEffects:
    """To be shown before `POST /v1/account/closing`."""
    return ClosingEffects(items=closing_effects(language))


@router.post(
    "/closing",
    status_code=202,
    summary="Close the account",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED, CodeRejectedError, ClosingRejectedError),
)
async def close_account(
    body: Closing,
    claims: CallerClaims,
    language: RequestLanguage,
    closing: Annotated[AccountClosingService, Depends(account_closing_service)],
) -> ClosingStarted:
    """By password, name, document number, and a `closing` code to the account's phone. Every session ends.

    A login within 15 days undoes it; then the account's personal data is erased, and the archive stays.
    """
    closes_at = await closing.close(
        claims,
        password=body.password,
        name=body.name,
        document_number=body.document_number,
        code=SentCode(body.code_id, body.code),
    )
    return ClosingStarted(closes_at=closes_at, effects=closing_effects(language))
