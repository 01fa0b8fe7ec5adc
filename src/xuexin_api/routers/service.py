"""Health, metrics and public keys: for load balancers, operators and whoever checks our tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from xuexin_api.core.errors import NotForThisAddressError, NotReadyError
from xuexin_api.core.tokens import TokenMint
from xuexin_api.dependencies.callers import refuse_unless_operator
from xuexin_api.dependencies.service import readiness_service, token_mint
from xuexin_api.openapi import refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.service import Health, JsonWebKeySet
from xuexin_api.services.readiness import ReadinessService

router = APIRouter(tags=["service"], route_class=StrictRoute)


@router.get("/health/live", summary="The process lives")
async def get_liveness() -> Health:
    """Answers as long as the process can answer; asks nobody else."""
    return Health(status="ok")


@router.get("/health/ready", summary="The service can serve", responses=refusals(NotReadyError))
async def get_readiness(readiness: Annotated[ReadinessService, Depends(readiness_service)]) -> Health:
    """Answers when the database answers and is migrated."""
    await readiness.check()
    return Health(status="ok")


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    dependencies=[Depends(refuse_unless_operator)],
    responses=refusals(NotForThisAddressError) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(request: Request) -> Response:
    """Requests, latencies and messages, for the networks of `XUEXIN_METRICS_NETWORKS`.

    No personal data; but whoever could watch the number of messages would learn whom one was sent to.
    """
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/.well-known/jwks.json", summary="Keys of access tokens")
async def get_jwks(mint: Annotated[TokenMint, Depends(token_mint)]) -> JsonWebKeySet:
    """ES256 public keys; a token names its key by `kid`."""
    return JsonWebKeySet.model_validate(mint.jwks)
