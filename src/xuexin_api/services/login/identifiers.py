"""Login names: phone, e-mail or document number, told apart by how they look."""

from __future__ import annotations

from xuexin_api.core.documents import normalise_document_number
from xuexin_api.core.emails import parse_email
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.phones import parse_phone
from xuexin_api.repositories.accounts.accounts import Identifier
from xuexin_api.services.lookups import Lookups


def classify_identifier(typed: str, lookups: Lookups) -> tuple[Identifier, bytes]:
    """Which login name this is. What is none of them is looked up like a document, and not found."""
    try:
        if "@" in typed:
            return "email", lookups.email(parse_email(typed))
        return "phone", lookups.phone(parse_phone(typed))
    except BrokenRuleError:
        return "document", lookups.document(normalise_document_number(typed))
