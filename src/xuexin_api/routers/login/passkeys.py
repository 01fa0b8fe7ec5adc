"""Passkeys of one's own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    FactorNotSetError,
    PasskeyLimitReachedError,
    PasskeyNotFoundError,
    PasskeyRejectedError,
    SecondFactorNeededError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims
from xuexin_api.dependencies.login import passkey_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.login.factors import CONFIRMED
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.presentation import second_factor
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.factors import ConfirmedByFactor
from xuexin_api.schemas.passkeys import (
    CreationOffered,
    CreationOptions,
    NewPasskey,
    Passkey,
    PasskeyAdded,
    PasskeyChange,
    PasskeyList,
    RequestOffered,
    RequestOptions,
)
from xuexin_api.services.login.passkeys import PasskeyService

router = APIRouter(prefix="/v1/account/factors/passkeys", tags=["account"], route_class=StrictRoute)
Passkeys = Annotated[PasskeyService, Depends(passkey_service)]


@router.get("", summary="My passkeys", responses=refusals(*LOGGED_IN))
async def list_passkeys(claims: CallerClaims, passkeys: Passkeys) -> PasskeyList:
    """Which there are, and when each was used last."""
    return PasskeyList.model_validate({"items": await passkeys.list_all(claims)})


@router.post(
    "/creation-options",
    summary="Begin with a passkey",
    responses=refusals(*CONFIRMED, PasskeyLimitReachedError),
)
async def begin_passkey(body: ConfirmedByFactor, claims: CallerClaims, passkeys: Passkeys) -> CreationOffered:
    """What `navigator.credentials.create()` is asked. An account that was verified needs a fresh verification.

    An account that has a second factor is asked for it, so that a password alone never adds another beside it.
    """
    options = await passkeys.begin(claims, body.password, second_factor(body.second_factor))
    return CreationOffered(public_key=CreationOptions.model_validate(options))


@router.post(
    "",
    status_code=201,
    summary="Add a passkey",
    openapi_extra=once(secret=True),
    responses=refusals(
        *LOGGED_IN, PasskeyRejectedError, PasskeyLimitReachedError, SecondFactorNeededError, TooManyOperationsError
    ),
)
async def add_passkey(body: NewPasskey, claims: CallerClaims, passkeys: Passkeys) -> PasskeyAdded:
    """Every login by password or phone code asks for a second factor from now on; a passkey alone logs in as well.

    Every channel gets a link that undoes it. Attestations are not looked at.
    """
    return PasskeyAdded.model_validate(
        await passkeys.finish(claims, body.credential.model_dump(by_alias=True), body.name)
    )


@router.post(
    "/assertion-options",
    summary="Have a passkey confirm a change of my factors",
    responses=refusals(*LOGGED_IN, FactorNotSetError),
)
async def ask_passkey(claims: CallerClaims, passkeys: Passkeys) -> RequestOffered:
    """What `navigator.credentials.get()` is asked for a `second_factor` under /v1/account/factors, in this session."""
    return RequestOffered(public_key=RequestOptions.model_validate(await passkeys.ask(claims)))


@router.patch("/{passkey_id}", summary="Rename a passkey", responses=refusals(*LOGGED_IN, PasskeyNotFoundError))
async def rename_passkey(passkey_id: PathId, body: PasskeyChange, claims: CallerClaims, passkeys: Passkeys) -> Passkey:
    """A name that its owner knows it by."""
    return Passkey.model_validate(await passkeys.rename(claims, passkey_id, body.name))


@router.post(
    "/{passkey_id}/remove",
    status_code=204,
    summary="Give a passkey up",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED, PasskeyNotFoundError),
)
async def remove_passkey(passkey_id: PathId, body: ConfirmedByFactor, claims: CallerClaims, passkeys: Passkeys) -> None:
    """By any factor of the account or a recovery code. With the last second factor the recovery codes end."""
    await passkeys.remove(claims, passkey_id, body.password, second_factor(body.second_factor))
