"""Logging in by a third party, and the identities that an account linked for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from xuexin_api.core.errors import (
    AddressLimitedError,
    LinkNotFoundError,
    LoginRejectedError,
    ProviderAnsweredWronglyError,
    ProviderNotOpenError,
    ProviderUnavailableError,
    ThirdPartyNotLinkedError,
    ThirdPartyRejectedError,
    ThirdPartySetError,
    ThirdPartyTakenError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage, RequestSource
from xuexin_api.dependencies.login import linked_identity_service, third_party_login_service
from xuexin_api.dependencies.service import login_provider_names
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.accounts.account_changes import CONFIRMED
from xuexin_api.routers.presentation import came_back, login_answer, login_caller, providers
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.factors import Confirmed
from xuexin_api.schemas.sessions import LoggedIn, LoginTicket
from xuexin_api.schemas.third_party import (
    CameBack,
    CameBackToLogIn,
    LinkedIdentity,
    LinkedIdentityList,
    ProviderList,
    ProviderName,
    SentAway,
)
from xuexin_api.services.login.linked_identities import LinkedIdentityService
from xuexin_api.services.login.third_party_login import ThirdPartyLoginService

router = APIRouter(prefix="/v1/third-party", tags=["third-party login"], route_class=StrictRoute)
account_router = APIRouter(prefix="/v1/account/linked-identities", tags=["third-party login"], route_class=StrictRoute)
Provider = Annotated[ProviderName, Path(description="Which third party.")]
ThirdPartyLogins = Annotated[ThirdPartyLoginService, Depends(third_party_login_service)]
LinkedIdentities = Annotated[LinkedIdentityService, Depends(linked_identity_service)]
_ASKED = (ThirdPartyRejectedError, ProviderAnsweredWronglyError, ProviderUnavailableError)


@router.get("/providers", summary="The providers that are open")
async def list_login_providers(
    names: Annotated[list[str], Depends(login_provider_names)], language: RequestLanguage
) -> ProviderList:
    """Which buttons a login page shows."""
    return providers(names, language)


@router.post(
    "/{provider}/start",
    status_code=201,
    summary="Begin to log in by a third party",
    openapi_extra=once(secret=True),
    responses=refusals(ProviderNotOpenError, AddressLimitedError),
)
async def start_third_party_login(provider: Provider, source: RequestSource, logins: ThirdPartyLogins) -> SentAway:
    """Where to send the browser, and a secret that stays with it until it comes back."""
    return SentAway.model_validate(await logins.start(provider, network=source.network))


@router.post(
    "/{provider}/callback",
    status_code=201,
    response_model=LoggedIn,
    summary="Log in by a third party",
    openapi_extra=once(secret=True),
    responses=refusals(
        LoginRejectedError,
        *_ASKED,
        ThirdPartyNotLinkedError,
        ProviderNotOpenError,
        TooManyOperationsError,
        AddressLimitedError,
    )
    | {200: {"model": LoginTicket, "description": "That was right, and one more factor is needed."}},
)
async def finish_third_party_login(
    provider: Provider,
    body: CameBackToLogIn,
    source: RequestSource,
    language: RequestLanguage,
    logins: ThirdPartyLogins,
) -> LoggedIn | Response:
    """What the front end posts when the browser is back. It works once, whatever comes of it; then begin again.

    Answers as `POST /v1/sessions`: the account's second factor is never skipped. `third_party_not_linked` says that the
    provider's answer was good and no account linked it: log in another way, then link it. `amr` is `fed`.
    """
    done = await logins.finish(provider, came_back(body), login_caller(body.device_token, source))
    return login_answer(done, language)


@account_router.get("", summary="My linked identities", responses=refusals(*LOGGED_IN))
async def list_linked_identities(claims: CallerClaims, links: LinkedIdentities) -> LinkedIdentityList:
    """The third parties that log in to the account."""
    return LinkedIdentityList(items=[LinkedIdentity.model_validate(one) for one in await links.list_all(claims)])


@account_router.post(
    "/{provider}/start",
    status_code=201,
    summary="Begin to link a third party",
    openapi_extra=once(secret=True),
    responses=refusals(*CONFIRMED, ProviderNotOpenError, AddressLimitedError),
)
async def start_linking(
    provider: Provider, body: Confirmed, claims: CallerClaims, source: RequestSource, links: LinkedIdentities
) -> SentAway:
    """By password, and a fresh verification where the account was verified, as every change."""
    return SentAway.model_validate(await links.start(provider, claims, body.password, network=source.network))


@account_router.post(
    "/{provider}/callback",
    status_code=201,
    summary="Link a third party",
    openapi_extra=once(secret=False),
    responses=refusals(
        *LOGGED_IN,
        *_ASKED,
        ThirdPartyTakenError,
        ThirdPartySetError,
        ProviderNotOpenError,
        AddressLimitedError,
        TooManyOperationsError,
    ),
)
async def finish_linking(
    provider: Provider, body: CameBack, claims: CallerClaims, source: RequestSource, links: LinkedIdentities
) -> LinkedIdentity:
    """In the same session that began it. Every channel of the account gets a link that undoes it for 72 hours."""
    linked = await links.finish(provider, came_back(body), claims, network=source.network)
    return LinkedIdentity.model_validate(linked)


@account_router.delete(
    "/{provider}",
    status_code=204,
    summary="Release a third party",
    responses=refusals(*CONFIRMED, LinkNotFoundError),
)
async def release_identity(provider: Provider, body: Confirmed, claims: CallerClaims, links: LinkedIdentities) -> None:
    """It logs in to the account no more; sessions that it opened stay. Told, and undone, like every change.

    The body is read, as of every change that the password confirms.
    """
    await links.release(provider, claims, body.password)
