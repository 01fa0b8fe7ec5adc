"""Third-party login: what is under way, and what is linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.accounts import Account
from xuexin_api.models.third_party import LinkedIdentity, ThirdPartyFlow

_DEAD: Final = ("superseded", "closed")


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A linked identity, its subject sealed."""

    provider: str
    subject_key: bytes
    subject_ciphertext: bytes
    linked_at: datetime
    last_used_at: datetime | None


_COLUMNS: Final = (
    LinkedIdentity.provider,
    LinkedIdentity.subject_key,
    LinkedIdentity.subject_ciphertext,
    LinkedIdentity.linked_at,
    LinkedIdentity.last_used_at,
)


class ThirdPartyRepository:
    """Statements on flows and linked identities."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_flow(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(ThirdPartyFlow).values(**values))

    async def consume_flow(
        self,
        *,
        provider: str,
        state_hash: bytes,
        secret_hash: bytes,
        account_id: UUID | None,
        session_id: UUID | None,
        now: datetime,
    ) -> bool:
        """Use a flow up that was begun just so; False where there is none, any more or at all."""
        statement = (
            update(ThirdPartyFlow)
            .where(
                ThirdPartyFlow.state_hash == state_hash,
                ThirdPartyFlow.secret_hash == secret_hash,
                ThirdPartyFlow.provider == provider,
                ThirdPartyFlow.account_id.is_not_distinct_from(account_id),
                ThirdPartyFlow.session_id.is_not_distinct_from(session_id),
                ThirdPartyFlow.consumed_at.is_(None),
                ThirdPartyFlow.expires_at > now,
            )
            .values(consumed_at=now)
            .returning(ThirdPartyFlow.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def get_holder(self, provider: str, subject_key: bytes) -> UUID | None:
        """The account that linked the identity, if it can be logged in to."""
        return await self._session.scalar(
            select(LinkedIdentity.account_id)
            .join(Account)
            .where(
                LinkedIdentity.provider == provider,
                LinkedIdentity.subject_key == subject_key,
                Account.state.not_in(_DEAD),
            )
        )

    async def note_use(self, account_id: UUID, provider: str, subject_key: bytes, *, now: datetime) -> bool:
        """The identity is used now; False where the account has not linked it (any more)."""
        statement = (
            update(LinkedIdentity)
            .where(
                LinkedIdentity.account_id == account_id,
                LinkedIdentity.provider == provider,
                LinkedIdentity.subject_key == subject_key,
            )
            .values(last_used_at=now)
            .returning(LinkedIdentity.account_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def add(self, account_id: UUID, link: StoredLink) -> None:
        await self._session.execute(
            insert(LinkedIdentity).values(
                account_id=account_id,
                provider=link.provider,
                subject_key=link.subject_key,
                subject_ciphertext=link.subject_ciphertext,
                linked_at=link.linked_at,
                last_used_at=link.last_used_at,
            )
        )

    async def remove(self, account_id: UUID, provider: str) -> StoredLink | None:
        """What was linked, and is so no more."""
        statement = (
            delete(LinkedIdentity)
            .where(LinkedIdentity.account_id == account_id, LinkedIdentity.provider == provider)
            .returning(*_COLUMNS)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else StoredLink(*row)

    async def remove_since(self, account_id: UUID, moment: datetime) -> None:
        """Release what the account linked since then."""
        await self._session.execute(
            delete(LinkedIdentity).where(LinkedIdentity.account_id == account_id, LinkedIdentity.linked_at > moment)
        )

    async def remove_from_dead(self, provider: str, subject_key: bytes) -> None:
        """An account that nobody can log in to keeps no identity from its owner."""
        dead = select(Account.id).where(Account.state.in_(_DEAD))
        await self._session.execute(
            delete(LinkedIdentity).where(
                LinkedIdentity.provider == provider,
                LinkedIdentity.subject_key == subject_key,
                LinkedIdentity.account_id.in_(dead),
            )
        )

    async def list_for_account(self, account_id: UUID) -> list[StoredLink]:
        """At most one of each provider, by their names."""
        statement = select(*_COLUMNS).where(LinkedIdentity.account_id == account_id).order_by(LinkedIdentity.provider)
        return [StoredLink(*row) for row in await self._session.execute(statement)]
