"""Telephone numbers as people type them, and as we keep them: E.164."""

from __future__ import annotations

import unicodedata

import phonenumbers

from xuexin_api.core.errors import BrokenRuleError

_LONGEST_TYPED = 32
_SHOWN_TAIL = 4
_SHOWN_HEAD = 3


def parse_phone(typed: str) -> str:
    """E.164 of a mobile number; without an area code it is read as a mainland one (86)."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if len(text) > _LONGEST_TYPED:
        raise BrokenRuleError("phone_malformed")
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise BrokenRuleError("phone_malformed") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise BrokenRuleError("phone_malformed")
    kind = phonenumbers.number_type(number)
    if kind not in {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}:
        raise BrokenRuleError("phone_not_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask_phone(e164: str) -> str:
    """`+8617012340001` → `+86170****0001`: area code, three digits, and the last four stay."""
    code = f"+{phonenumbers.parse(e164).country_code}"
    national = e164[len(code) :]
    hidden = max(len(national) - _SHOWN_HEAD - _SHOWN_TAIL, 3)
    head = national[: max(len(national) - hidden - _SHOWN_TAIL, 0)]
    return f"{code}{head}{'*' * hidden}{national[-_SHOWN_TAIL:]}"
