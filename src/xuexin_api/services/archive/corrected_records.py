"""What a record says now, and what a correction of it would make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.corrected_fields import DEGREE_COLUMNS, DOCUMENT, Facts, judge, read_field
from xuexin_api.core.corrections import RecordKind
from xuexin_api.core.documents import Document, DocumentType, normalise_document_number
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository

Broken = list[tuple[str, BrokenRuleError]]
"""Fields, and the rule that each breaks."""
_NOT_YOURS: Final = "document_not_verified"


class CorrectedRecords:
    """Used inside the transactions of the service that asks."""

    def __init__(self, *, office: RecordOfficeRepository, sealer: Sealer) -> None:
        self._office = office
        self._sealer = sealer

    async def facts(self, kind: RecordKind, enrollment_id: UUID) -> Facts | None:
        """The fields of the record as the archive keeps them; None where there is no such record."""
        if kind is RecordKind.QUALIFICATION:
            return await self._office.get_qualification(enrollment_id)
        if kind is RecordKind.DEGREE:
            degree = await self._office.get_degree(enrollment_id)
            return None if degree is None else {field: degree[column] for field, column in DEGREE_COLUMNS.items()}
        row = await self._office.get(enrollment_id)
        if row is None:
            return None
        return {**row, DOCUMENT: self._document(row["document_type"], row["document_ciphertext"])}

    def judge(
        self,
        kind: RecordKind,
        wishes: Sequence[tuple[str, str | None]],
        facts: Facts,
        account: AccountRow,
        today: date,
    ) -> tuple[dict[str, Any], Broken]:
        """The changed fields, each by its own rule and as they stand together; and what is wrong with them."""
        changed: dict[str, Any] = {}
        broken: Broken = []
        for field, text in wishes:
            try:
                changed[field] = self._read(kind, field, text, account)
            except BrokenRuleError as rule:
                broken.append((field, rule))
        return changed, broken or judge(facts, changed, today)

    def _read(self, kind: RecordKind, field: str, text: str | None, account: AccountRow) -> Any:
        """A number is the one that the account was verified with: any other is a matter of who one is."""
        value = read_field(kind, field, text)
        if field != DOCUMENT:
            return value
        own = self._document(account.document_type, account.document_ciphertext)
        if normalise_document_number(str(value)) != own.number:
            raise BrokenRuleError(_NOT_YOURS)
        return own

    def _document(self, document_type: str, sealed: bytes) -> Document:
        return Document(DocumentType(document_type), self._sealer.open(sealed, DOCUMENT_CONTEXT).decode())


def columns_of(changed: Mapping[str, Any], account: AccountRow) -> dict[str, Any]:
    """The changed fields as columns: a number stands as its hash and its seal."""
    columns = {name: value for name, value in changed.items() if name != DOCUMENT}
    if DOCUMENT in changed:
        columns |= {
            "document_type": account.document_type,
            "document_key": account.document_key,
            "document_ciphertext": account.document_ciphertext,
        }
    return columns
