"""The factors of a member, and the passkeys among them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRejectedError,
    ChallengeRequiredError,
    ConfirmationRejectedError,
    FactorNotSetError,
    LastFactorError,
    PasskeyLimitReachedError,
    PasskeyNotFoundError,
    PasskeyRejectedError,
    ServiceBusyError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, RequestSource, StaffClaims
from xuexin_api.dependencies.staff import staff_passkey_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.staff.staff_presentation import staff_proof
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.passkeys import (
    CreationOffered,
    CreationOptions,
    NewPasskey,
    Passkey,
    RequestOffered,
    RequestOptions,
)
from xuexin_api.schemas.staff_sessions import StaffFactors, StaffProof
from xuexin_api.services.staff.staff_passkeys import StaffPasskeyService

router = APIRouter(prefix="/v1/staff/factors", tags=["staff"], route_class=StrictRoute)
StaffPasskeys = Annotated[StaffPasskeyService, Depends(staff_passkey_service)]
_CONFIRMED = (
    *LOGGED_IN,
    ConfirmationRejectedError,
    ChallengeRequiredError,
    ChallengeRejectedError,
    TooManyOperationsError,
    AddressLimitedError,
    ServiceBusyError,
)


@router.get("", summary="My factors", responses=refusals(*LOGGED_IN))
async def list_staff_factors(claims: StaffClaims, passkeys: StaffPasskeys) -> StaffFactors:
    """What logs me in besides the password. An app is set anew by `xuexin staff invite`."""
    return StaffFactors.model_validate(await passkeys.list_all(claims))


@router.post(
    "/passkeys/creation-options",
    summary="Begin with a passkey of mine",
    responses=refusals(*_CONFIRMED, PasskeyLimitReachedError),
)
async def begin_staff_passkey(
    body: StaffProof, claims: StaffClaims, source: RequestSource, passkeys: StaffPasskeys
) -> CreationOffered:
    """What `navigator.credentials.create()` is asked, for password and a factor that is set."""
    options = await passkeys.begin(claims, staff_proof(body, source))
    return CreationOffered(public_key=CreationOptions.model_validate(options))


@router.post(
    "/passkeys",
    status_code=201,
    summary="Add a passkey of mine",
    openapi_extra=once(secret=False),
    responses=refusals(*LOGGED_IN, PasskeyRejectedError, PasskeyLimitReachedError),
)
async def add_staff_passkey(body: NewPasskey, claims: StaffClaims, passkeys: StaffPasskeys) -> Passkey:
    """It logs in beside the factors that are set. Attestations are not looked at."""
    return Passkey.model_validate(await passkeys.finish(claims, body.credential.model_dump(by_alias=True), body.name))


@router.post(
    "/passkeys/assertion-options",
    summary="Have a passkey confirm a change of my factors as staff",
    responses=refusals(*LOGGED_IN, FactorNotSetError),
)
async def ask_staff_passkey(claims: StaffClaims, passkeys: StaffPasskeys) -> RequestOffered:
    """What `navigator.credentials.get()` is asked for a change under /v1/staff/factors, in this session."""
    return RequestOffered(public_key=RequestOptions.model_validate(await passkeys.ask(claims)))


@router.post(
    "/passkeys/{passkey_id}/remove",
    status_code=204,
    summary="Give a passkey of mine up",
    openapi_extra=once(secret=False),
    responses=refusals(*_CONFIRMED, PasskeyNotFoundError, LastFactorError),
)
async def remove_staff_passkey(
    passkey_id: PathId, body: StaffProof, claims: StaffClaims, source: RequestSource, passkeys: StaffPasskeys
) -> None:
    """It opens nothing any more, and every other session of mine ends. The last factor stays."""
    await passkeys.remove(claims, passkey_id, staff_proof(body, source))
