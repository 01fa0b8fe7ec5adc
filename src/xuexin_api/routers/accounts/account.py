"""One's own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.dependencies.accounts import account_service
from xuexin_api.dependencies.callers import LOGGED_IN
from xuexin_api.openapi import refusals
from xuexin_api.routers.hot_route import HotRoute
from xuexin_api.routers.presentation import account
from xuexin_api.schemas.accounts import Account
from xuexin_api.services.accounts.account import AccountService

router = APIRouter(prefix="/v1", tags=["account"], route_class=HotRoute)


@router.get("/account", summary="My account", responses=refusals(*LOGGED_IN))
async def get_account(accounts: Annotated[AccountService, Depends(account_service)]) -> Account:
    """The account of the token, its contact data and document masked."""
    return account(await accounts.get_mine())
