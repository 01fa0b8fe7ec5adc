"""Bot defence."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import AddressLimitedError
from xuexin_api.dependencies.callers import RequestSource
from xuexin_api.dependencies.service import challenge_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.challenges import Challenge, ChallengeRequest
from xuexin_api.services.challenges import ChallengeService

router = APIRouter(prefix="/v1", tags=["bot defence"], route_class=StrictRoute)


@router.post(
    "/challenges",
    status_code=201,
    summary="Get a proof-of-work challenge",
    openapi_extra=once(secret=False),
    responses=refusals(AddressLimitedError),
)
async def create_challenge(
    body: ChallengeRequest,
    source: RequestSource,
    challenges: Annotated[ChallengeService, Depends(challenge_service)],
) -> Challenge:
    """An altcha version 2 challenge. Solve it and send base64 of `{challenge, solution}` where one is asked for.

    An answer works once, for its purpose only, and costs a phone about half a second; a busy network pays more.
    """
    return Challenge.model_validate(await challenges.issue(body.purpose, network=source.network))
