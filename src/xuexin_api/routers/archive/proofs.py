"""核对 and 图像校对."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    PhotoNotFoundError,
    ProofingClosedError,
    ProofNotOpenError,
    RecordNotFoundError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.archive import proof_service
from xuexin_api.dependencies.callers import VERIFIED, CallerClaims
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.presentation import photo_fault, wrong_fields
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.proofs import (
    CheckRequest,
    CheckState,
    PhotoProof,
    PhotoProofConfirmation,
    PhotoProofRequest,
    PhotoProofState,
    RecordCheck,
)
from xuexin_api.services.archive.proofs import ProofService

router = APIRouter(prefix="/v1/archive/enrollments/{enrollment_id}", tags=["archive"], route_class=StrictRoute)
Proofs = Annotated[ProofService, Depends(proof_service)]
_MINE = (*VERIFIED, RecordNotFoundError)
_SAYING = (*_MINE, ProofingClosedError, TooManyOperationsError)


@router.get("/check", summary="Was my record checked", responses=refusals(*_MINE))
async def get_check(enrollment_id: PathId, claims: CallerClaims, proofs: Proofs) -> CheckState:
    """What I said of it last, and until when it can be said."""
    return CheckState.model_validate(await proofs.get_check(enrollment_id, claims))


@router.post(
    "/check",
    status_code=201,
    summary="Check my record",
    openapi_extra=once(secret=False),
    responses=refusals(*_SAYING),
)
async def check_enrollment(
    enrollment_id: PathId, body: CheckRequest, claims: CallerClaims, proofs: Proofs
) -> RecordCheck:
    """核对: all of it is right, or which fields are wrong. The school sees it; only the school changes the record."""
    return RecordCheck.model_validate(await proofs.check(enrollment_id, wrong_fields(body), claims))


@router.get("/photo-proof", summary="Was my graduation photo proofed", responses=refusals(*_MINE))
async def get_photo_proof(enrollment_id: PathId, claims: CallerClaims, proofs: Proofs) -> PhotoProofState:
    """What I said of it last, whether that counts, and until when it can be said."""
    return PhotoProofState.model_validate(await proofs.get_photo_proof(enrollment_id, claims))


@router.post(
    "/photo-proof",
    status_code=201,
    summary="Proof my graduation photo",
    openapi_extra=once(secret=False),
    responses=refusals(*_SAYING, PhotoNotFoundError),
)
async def prove_photo(
    enrollment_id: PathId, body: PhotoProofRequest, claims: CallerClaims, proofs: Proofs
) -> PhotoProof:
    """图像校对: right, or what is wrong. Look at both photos first; it counts once it is confirmed."""
    return PhotoProof.model_validate(await proofs.prove_photo(enrollment_id, photo_fault(body), claims))


@router.post(
    "/photo-proof/confirm",
    summary="Confirm what I said of my photo",
    openapi_extra=once(secret=False),
    responses=refusals(*_MINE, ProofingClosedError, ProofNotOpenError),
)
async def confirm_photo_proof(
    enrollment_id: PathId, body: PhotoProofConfirmation, claims: CallerClaims, proofs: Proofs
) -> PhotoProof:
    """The second word: from now on it counts, until the school gives another photo."""
    return PhotoProof.model_validate(await proofs.confirm_photo_proof(enrollment_id, body.proof_id, claims))
