"""E-mail addresses: accepted generously, kept in one spelling."""

from __future__ import annotations

import re
import unicodedata

from xuexin_api.core.errors import BrokenRuleError

_LONGEST = 254
_LONGEST_LOCAL = 64
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


def parse_email(typed: str) -> str:
    """The address in lower case (one mailbox, one spelling); ASCII only, as the mail gateways take it."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if len(text) > _LONGEST or not _ADDRESS.fullmatch(text) or text.index("@") > _LONGEST_LOCAL:
        raise BrokenRuleError("email_malformed")
    return text.lower()


def mailbox_of(address: str) -> str:
    """`student+news@example.edu` → `student@example.edu`: with most providers the mailbox of all such addresses."""
    local, _, domain = address.partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def hint_email(address: str) -> str:
    """`student@example.edu` → `s***@***`: enough for its owner to know it again, and for nobody to find it."""
    return f"{address[0]}***@***"


def mask_email(address: str) -> str:
    """`student@example.edu` → `s***@example.edu`."""
    local, _, domain = address.partition("@")
    return f"{local[0]}***@{domain}"
