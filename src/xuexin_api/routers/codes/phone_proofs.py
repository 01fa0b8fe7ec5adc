"""Proving that one holds a phone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import AddressLimitedError, CodeRejectedError, DailyLimitReachedError
from xuexin_api.dependencies.callers import RequestLanguage, RequestSource
from xuexin_api.dependencies.codes import phone_proof_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.presentation import choices
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.codes import PhoneProof, PhoneProofRequest
from xuexin_api.services.codes.phone_proofs import PhoneProofService

router = APIRouter(prefix="/v1", tags=["codes"], route_class=StrictRoute)


@router.post(
    "/phone-proofs",
    status_code=201,
    summary="Exchange a code for a phone proof",
    openapi_extra=once(secret=True),
    responses=refusals(CodeRejectedError, DailyLimitReachedError, AddressLimitedError),
)
async def create_phone_proof(
    body: PhoneProofRequest,
    source: RequestSource,
    language: RequestLanguage,
    proofs: Annotated[PhoneProofService, Depends(phone_proof_service)],
) -> PhoneProof:
    """Prove the phone. Only now the service says whether it belongs to an account, and what can be done then."""
    proven = await proofs.prove(**body.model_dump(), network=source.network)
    return PhoneProof(
        phone_proof=proven.secret,
        expires_in=proven.expires_in,
        phone_status="registered" if proven.registered else "available",
        options=choices(proven.options, language),
    )
