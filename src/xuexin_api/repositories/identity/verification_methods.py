"""What says which ways to verify are open to an account, in one read: also asked where a request is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, select

from xuexin_api.models.accounts import Account
from xuexin_api.models.cases import IdentityCase
from xuexin_api.models.identity import IdentityVerification
from xuexin_api.repositories.database import Database, HotStatement
from xuexin_api.repositories.identity.cases import HANDED_IN

_MINE = HotStatement(
    select(
        Account.state.label("account_state"),
        Account.document_type,
        and_(
            Account.person_id.is_(None),
            exists().where(IdentityCase.document_key == Account.document_key, HANDED_IN),
        ).label("contested"),
        exists()
        .where(IdentityVerification.account_id == Account.id, IdentityVerification.status == "in_review")
        .label("in_review"),
    ).where(Account.id == bindparam("account_id"))
)


class MethodReads:
    """Hot reads: they need no transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, account_id: UUID) -> Mapping[str, Any] | None:
        """State and document of the account, whether a claim keeps it from weak ways, whether its photos wait."""
        return await self._database.row(_MINE, account_id=account_id)
