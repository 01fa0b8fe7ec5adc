"""Telephone numbers as people type them, and as we keep them: E.164."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from xuexin_api.core.errors import BrokenRuleError


def _mainland_pattern() -> str:
    region = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    assert region is not None
    assert region.mobile is not None
    return str(region.mobile.national_number_pattern)


_LONGEST_TYPED = 32
_MAINLAND_MOBILE = re.compile(rf"(?:\+86|0086)?({_mainland_pattern()})", re.ASCII)
"""The library's own pattern: a mainland mobile, typed with its area code or without, is spared the rest of it."""
_AREA_CODES = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_SHOWN_TAIL = 4
_SHOWN_HEAD = 3


def parse_phone(typed: str) -> str:
    """E.164 of a mobile number; without an area code it is read as a mainland one (86)."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if mainland := _MAINLAND_MOBILE.fullmatch(text):
        return f"+86{mainland[1]}"
    if len(text) > _LONGEST_TYPED:
        raise BrokenRuleError("phone_malformed")
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise BrokenRuleError("phone_malformed") from None
    kind = phonenumbers.number_type(number)
    if number.extension or kind == phonenumbers.PhoneNumberType.UNKNOWN:
        raise BrokenRuleError("phone_malformed")
    if kind not in {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}:
        raise BrokenRuleError("phone_not_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def hint_phone(e164: str) -> str:
    """`+8617012340001` → `****0001`: enough for its owner to know it again, and for nobody to find it."""
    return f"****{e164[-_SHOWN_TAIL:]}"


def mask_phone(e164: str) -> str:
    """`+8617012340001` → `+86170****0001`: area code, three digits, and the last four stay."""
    # No area code begins with another one, so the shortest that there is is the one.
    code = next(code for code in (e164[:2], e164[:3], e164[:4]) if int(code) in _AREA_CODES)
    national = e164[len(code) :]
    hidden = max(len(national) - _SHOWN_HEAD - _SHOWN_TAIL, 3)
    head = national[: max(len(national) - hidden - _SHOWN_TAIL, 0)]
    return f"{code}{head}{'*' * hidden}{national[-_SHOWN_TAIL:]}"
