"""转学."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from xuexin_api.core.errors import (
    ChangeNotAllowedError,
    NotYoursToDecideError,
    RecordChangedError,
    RecordFrozenError,
    RecordNotFoundError,
    StudentNumberInUseError,
    TransferClosedError,
    TransferNotFoundError,
    TransferRequestedError,
    VersionNeededError,
)
from xuexin_api.dependencies.callers import OF_STAFF, ExpectedTag, RequestLanguage, StaffClaims
from xuexin_api.dependencies.staff import transfer_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.archive.record_presentation import place, transfer_list, transfer_with_record
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.transfers import (
    Direction,
    TransferAgreement,
    TransferList,
    TransferRefusal,
    TransferRequest,
    TransferWithRecord,
)
from xuexin_api.services.staff.transfers import TransferService

router = APIRouter(prefix="/v1/staff", tags=["staff"], route_class=StrictRoute)
Transfers = Annotated[TransferService, Depends(transfer_service)]
_THE_TRANSFER = (*OF_STAFF, TransferNotFoundError)
_LEAVING = (NotYoursToDecideError, ChangeNotAllowedError, RecordFrozenError)


@router.post(
    "/enrollments/{enrollment_id}/transfers",
    status_code=201,
    summary="Ask another school to take a student",
    openapi_extra=once(secret=False),
    responses=refusals(
        *OF_STAFF, *_LEAVING, RecordNotFoundError, TransferRequestedError, RecordChangedError, VersionNeededError
    ),
)
async def request_transfer(
    enrollment_id: PathId,
    body: TransferRequest,
    claims: StaffClaims,
    expected: ExpectedTag,
    language: RequestLanguage,
    transfers: Transfers,
) -> TransferWithRecord:
    """Nothing changes until the other school agrees; its registrars see the record in this transfer only."""
    view = await transfers.request(enrollment_id, body.to_institution_code, body.reason, body.note, expected, claims)
    return transfer_with_record(view, language)


@router.get("/transfers", summary="Transfers of my school", responses=refusals(*OF_STAFF))
async def list_transfers(
    direction: Annotated[Direction, Query(description="What others ask of my school, or it of others.")],
    claims: StaffClaims,
    language: RequestLanguage,
    transfers: Transfers,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> TransferList:
    """Newest first, whatever became of them."""
    return transfer_list(await transfers.list_transfers(direction, claims, cursor=cursor, most=limit), language)


@router.get("/transfers/{transfer_id}", summary="One transfer of my school", responses=refusals(*_THE_TRANSFER))
async def get_transfer(
    transfer_id: PathId, claims: StaffClaims, language: RequestLanguage, transfers: Transfers
) -> TransferWithRecord:
    """With the record that it is about. Each look is written down."""
    return transfer_with_record(await transfers.view(transfer_id, claims), language)


@router.post(
    "/transfers/{transfer_id}/agree",
    summary="Take the student",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_TRANSFER, *_LEAVING, TransferClosedError, StudentNumberInUseError),
)
async def agree_to_transfer(
    transfer_id: PathId,
    body: TransferAgreement,
    claims: StaffClaims,
    language: RequestLanguage,
    transfers: Transfers,
) -> TransferWithRecord:
    """For the school that is asked: the old record ends (转出) and one here begins, together."""
    return transfer_with_record(await transfers.agree(transfer_id, place(body), body.note, claims), language)


@router.post(
    "/transfers/{transfer_id}/refuse",
    summary="Do not take the student",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_TRANSFER, TransferClosedError),
)
async def refuse_transfer(
    transfer_id: PathId,
    body: TransferRefusal,
    claims: StaffClaims,
    language: RequestLanguage,
    transfers: Transfers,
) -> TransferWithRecord:
    """For the school that is asked. The student stays where the student is."""
    return transfer_with_record(await transfers.refuse(transfer_id, body.note, claims), language)


@router.post(
    "/transfers/{transfer_id}/take-back",
    summary="Ask no longer",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_TRANSFER, TransferClosedError),
)
async def take_transfer_back(
    transfer_id: PathId, claims: StaffClaims, language: RequestLanguage, transfers: Transfers
) -> TransferWithRecord:
    """For the school that asked, while the other has not answered."""
    return transfer_with_record(await transfers.take_back(transfer_id, claims), language)
