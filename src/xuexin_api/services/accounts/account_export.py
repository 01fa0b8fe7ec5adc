"""A copy of everything held about the owner of an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import TooManyOperationsError
from xuexin_api.core.policies import ChangePolicy
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, EMAIL_CONTEXT, PHONE_CONTEXT, THIRD_PARTY_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.accounts.holdings import SECTIONS, SECTIONS_OF_PERSON, HoldingRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.third_party import StoredLink, ThirdPartyRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.archive.claim_holders import OBJECTION_CONTEXT
from xuexin_api.services.archive.claim_view import CLAIM_CONTEXTS
from xuexin_api.services.archive.correction_view import WORDS_CONTEXT, open_values
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.help.requests import HELP_REQUEST_CONTEXTS
from xuexin_api.services.help.robot import MESSAGE_CONTEXT
from xuexin_api.services.lookups import Lookups

_MOST_ROWS: Final = 1000
_EXPORTS: Final = "exports"
_NUMBER: Final = {"document_number": DOCUMENT_CONTEXT}


class AccountExportService(Service):
    """Unmasked, for it is the owner's; therefore confirmed, limited and audited."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: Confirmations,
        holdings: HoldingRepository,
        links: ThirdPartyRepository,
        counters: CounterRepository,
        audit: AuditRepository,
        lookups: Lookups,
        sealer: Sealer,
        policy: ChangePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._holdings = holdings
        self._links = links
        self._counters = counters
        self._audit = audit
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def export(self, claims: Claims, password: str) -> dict[str, Any]:
        """{account, <section>: {items, complete}}: the newest thousand of each section."""
        account = await self._confirmations.confirm(claims, password)
        now = self._clock.now()
        async with self._transaction():
            made = await self._counters.add_one(_EXPORTS, account.id.bytes, now=now, window_ends_at=now + DAY)
        if made.count > self._policy.exports_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(made.window_ends_at, now))
        async with self._transaction():
            await self._audit.add(
                self._entropy.identifier(),
                "account:export",
                account_id=account.id,
                session_id=claims.session_id,
                now=now,
            )
            held: dict[str, Any] = {"account": self._account(account)}
            for section in SECTIONS:
                rows = await self._holdings.list_section(section, account.id, most=_MOST_ROWS + 1)
                held[section] = _bounded(rows)
            messages = await self._holdings.list_messages(self._destinations(account), most=_MOST_ROWS + 1)
            held["messages"] = _bounded(messages)
            links = await self._links.list_for_account(account.id)
            held["linked_identities"] = _bounded([self._link(link) for link in links])
            requests = await self._holdings.list_help_requests(account.id, most=_MOST_ROWS + 1)
            held["help_requests"] = _bounded([self._opened(row, HELP_REQUEST_CONTEXTS) for row in requests])
            asked = await self._holdings.list_help_messages(account.id, most=_MOST_ROWS + 1)
            held["help_messages"] = _bounded([self._opened(row, {"text": MESSAGE_CONTEXT}) for row in asked])
            claimed = await self._holdings.list_claims(account.id, most=_MOST_ROWS + 1)
            held["record_claims"] = _bounded([self._opened(row, CLAIM_CONTEXTS) for row in claimed])
            corrected = await self._holdings.list_corrections(account.id, most=_MOST_ROWS + 1)
            held["record_corrections"] = _bounded(
                [row | {"values": open_values(row["values"], self._sealer)} for row in corrected]
            )
            said = await self._holdings.list_correction_statements(account.id, most=_MOST_ROWS + 1)
            held["correction_statements"] = _bounded([self._opened(row, {"statement": WORDS_CONTEXT}) for row in said])
            told = await self._holdings.list_claim_notices(account.id, most=_MOST_ROWS + 1)
            held["held_claims"] = _bounded([self._opened(row, {"objection": OBJECTION_CONTEXT}) for row in told])
            former = []
            if account.person_id is not None:
                former = await self._holdings.list_former_identities(account.person_id, most=_MOST_ROWS + 1)
            held["former_identities"] = _bounded([self._opened(row, _NUMBER) for row in former])
            for section in SECTIONS_OF_PERSON:
                held[section] = await self._of_person(section, account)
        return held

    async def _of_person(self, section: str, account: AccountRow) -> dict[str, Any]:
        """Of the archive, only what was proven to be the owner's."""
        if account.person_id is None:
            return _bounded([])
        rows = await self._holdings.list_section_of_person(section, account.person_id, most=_MOST_ROWS + 1)
        return _bounded(rows)

    def _account(self, account: AccountRow) -> dict[str, str | bool | datetime | None]:
        return {
            "id": str(account.id),
            "state": account.state,
            "name": account.name,
            "sex": account.sex,
            "document_type": account.document_type,
            "document_number": self._open(account.document_ciphertext, DOCUMENT_CONTEXT),
            "phone": self._open(account.phone_ciphertext, PHONE_CONTEXT),
            "email": self._open(account.email_ciphertext, EMAIL_CONTEXT),
            "email_verified": account.email_verified_at is not None,
            "verified": account.person_id is not None,
            "second_factors": ", ".join(account.second_factors),
            "created_at": account.created_at,
        }

    def _link(self, link: StoredLink) -> dict[str, Any]:
        return {
            "provider": link.provider,
            "subject": self._open(link.subject_ciphertext, THIRD_PARTY_CONTEXT),
            "linked_at": link.linked_at,
            "last_used_at": link.last_used_at,
        }

    def _destinations(self, account: AccountRow) -> dict[bytes, datetime]:
        """The account's phone and proven address, each since when it is the account's."""
        own = {}
        if account.phone_key is not None:
            own[account.phone_key] = account.phone_bound_at or account.created_at
        email = self._open(account.email_ciphertext, EMAIL_CONTEXT)
        if email is not None and account.email_verified_at is not None:
            own[self._lookups.email(email)] = account.email_verified_at
        return own

    def _opened(self, row: dict[str, Any], contexts: Mapping[str, bytes]) -> dict[str, Any]:
        return row | {name: self._open(row[name], context) for name, context in contexts.items()}

    def _open(self, sealed: bytes | None, context: bytes) -> str | None:
        return None if sealed is None else self._sealer.open(sealed, context).decode()


def _bounded(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": rows[:_MOST_ROWS], "complete": len(rows) <= _MOST_ROWS}
