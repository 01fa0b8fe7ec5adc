"""Second factors of one's own account."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    CodeRejectedError,
    FactorNotSetError,
    FactorSetError,
    InsufficientUserAuthenticationError,
    PasswordRejectedError,
    SecondFactorNeededError,
    ServiceBusyError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims
from xuexin_api.dependencies.login import factor_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.presentation import second_factor
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.factors import (
    ConfirmedByFactor,
    Factors,
    ProposedTotp,
    RecoveryCodes,
    TotpConfirmation,
)
from xuexin_api.services.login.factors import FactorService

router = APIRouter(prefix="/v1/account/factors", tags=["account"], route_class=StrictRoute)
FactorsOfCaller = Annotated[FactorService, Depends(factor_service)]
CONFIRMED: Final = (
    *LOGGED_IN,
    InsufficientUserAuthenticationError,
    PasswordRejectedError,
    SecondFactorNeededError,
    CodeRejectedError,
    TooManyOperationsError,
    ServiceBusyError,
)
"""What the confirmation of a change of factors may be refused with."""


@router.get("", summary="My second factors", responses=refusals(*LOGGED_IN))
async def get_factors(claims: CallerClaims, factors: FactorsOfCaller) -> Factors:
    """What a login asks for besides the password."""
    return Factors.model_validate(await factors.show(claims))


@router.post(
    "/totp",
    status_code=201,
    summary="Begin with an authenticator app",
    openapi_extra=once(secret=True),
    responses=refusals(*CONFIRMED, FactorSetError),
)
async def propose_totp(body: ConfirmedByFactor, claims: CallerClaims, factors: FactorsOfCaller) -> ProposedTotp:
    """A secret for the app (RFC 6238: SHA-1, six digits, 30 seconds). It counts once a code of it was given.

    An account that was verified needs a fresh verification for this, as for every change, and one that has a passkey
    is asked for that.
    """
    given = second_factor(body.second_factor)
    return ProposedTotp.model_validate(await factors.propose_totp(claims, body.password, given))


@router.post(
    "/totp/confirm",
    summary="Let logins ask for the app's code",
    openapi_extra=once(secret=True),
    responses=refusals(*LOGGED_IN, CodeRejectedError, SecondFactorNeededError, TooManyOperationsError),
)
async def confirm_totp(body: TotpConfirmation, claims: CallerClaims, factors: FactorsOfCaller) -> RecoveryCodes:
    """From now on every login asks for it, on every device, and a recovery of the password does, too.

    Every channel gets a link that undoes it.
    """
    return RecoveryCodes(recovery_codes=await factors.confirm_totp(claims, body.code))


@router.post(
    "/totp/remove",
    status_code=204,
    summary="Give the authenticator app up",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED, FactorNotSetError),
)
async def remove_totp(body: ConfirmedByFactor, claims: CallerClaims, factors: FactorsOfCaller) -> None:
    """By any factor of the account or a recovery code. With the last second factor the recovery codes end."""
    await factors.remove_totp(claims, body.password, second_factor(body.second_factor))


@router.post(
    "/recovery-codes",
    status_code=201,
    summary="Make new recovery codes",
    openapi_extra=once(secret=True),
    responses=refusals(*CONFIRMED, FactorNotSetError),
)
async def renew_recovery_codes(
    body: ConfirmedByFactor, claims: CallerClaims, factors: FactorsOfCaller
) -> RecoveryCodes:
    """By any factor of the account, or one of the old codes, which are worth nothing from now on."""
    given = second_factor(body.second_factor)
    return RecoveryCodes(recovery_codes=await factors.renew_recovery_codes(claims, body.password, given))
