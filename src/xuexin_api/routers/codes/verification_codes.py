"""One-time codes by SMS or e-mail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRejectedError,
    DailyLimitReachedError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import RequestSource
from xuexin_api.dependencies.codes import verification_code_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.codes import VerificationCodeRequest, VerificationCodeSent
from xuexin_api.services.codes.verification_codes import VerificationCodeService

router = APIRouter(prefix="/v1", tags=["codes"], route_class=StrictRoute)


@router.post(
    "/verification-codes",
    status_code=202,
    summary="Send a one-time code",
    openapi_extra=once(secret=False),
    responses=refusals(ChallengeRejectedError, TooManyOperationsError, DailyLimitReachedError, AddressLimitedError),
)
async def send_verification_code(
    body: VerificationCodeRequest,
    source: RequestSource,
    codes: Annotated[VerificationCodeService, Depends(verification_code_service)],
) -> VerificationCodeSent:
    """Send six digits. The answer is the same whether or not the destination belongs to an account.

    The code fits this request and purpose only; keep `code_id`.
    """
    return VerificationCodeSent.model_validate(await codes.send(**body.model_dump(), network=source.network))
