"""Identity documents: types, rules, and one spelling for each number."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import mul
from typing import Final

from stdnum.cn import ric

from xuexin_api.core.errors import BrokenRuleError


class DocumentType(StrEnum):
    """证件类型, as the source names them, and two of ours."""

    SFZ = "SFZ"
    """居民身份证, also the card of foreign permanent residents, which carries the same kind of number."""
    SFZ_GAT = "SFZ_GAT"
    """Identity documents of Hong Kong, Macao and Taiwan residents, their mainland residence permit included."""
    SFZ_HQ = "SFZ_HQ"
    """Overseas Chinese; a passport number will do, and an 18-character number is an SFZ."""
    PASSPORT = "PASSPORT"
    GAT_PERMIT = "GAT_PERMIT"
    """来往内地通行证 and 台湾居民来往大陆通行证."""
    QIT = "QIT"
    """Other."""


class Sex(StrEnum):
    """GB/T 2261.1, the two values the archive has."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class Document:
    """A document in its one spelling."""

    type: DocumentType
    number: str


_EARLIEST: Final = date(1900, 1, 1)
# Two digits of GB/T 2260. Counties come and go, and people keep the number they were given: only provinces count.
_MAINLAND: Final = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71"
).split()
_FOREIGN_RESIDENT: Final = [f"9{digit}" for digit in range(10)]
_RESIDENCE_PERMIT: Final = ["81", "82", "83"]
_TYPE_OF_PROVINCE: Final = dict.fromkeys(_MAINLAND + _FOREIGN_RESIDENT, DocumentType.SFZ) | dict.fromkeys(
    _RESIDENCE_PERMIT, DocumentType.SFZ_GAT
)
# GB 11643 counts digits; these are the characters' codes, whose surplus is known and taken off with the modulus.
# (The library's own function costs ten times as much, and a roster asks a million times.)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURPLUS: Final = ord("0") * sum(_WEIGHTS)
_CHECK_DIGITS: Final = b"10X98765432"
_LONG: Final = 18
_CENTURY_OF_OLD: Final = "19"
_ID_CARD: Final = re.compile(r"[0-9]{17}[0-9X]")
_OLD_CARD: Final = re.compile(r"[0-9]{15}")
_CARD_OF_ANY_AGE: Final = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}")
_BRACKETED_CARD: Final = re.compile(r"[A-Z]{1,2}[0-9]{6}\([0-9A]\)|[0-9]{7}\([0-9]\)")
_HONG_KONG: Final = re.compile(r"([A-Z]{1,2})([0-9]{6})([0-9A])")
_MACAO: Final = re.compile(r"[1-9][0-9]{7}")
_TAIWAN: Final = re.compile(r"([A-Z])([1289])([0-9]{8})")
_PERMIT: Final = re.compile(r"[HM](?:[0-9]{8}|[0-9]{10})|[0-9]{8}|[0-9]{10}[A-Z]?")
_PASSPORT: Final = re.compile(r"[A-Z0-9]{5,17}")
_OTHER: Final = re.compile(r"[A-Z0-9/()-]{4,30}")
_LONGEST_TYPED: Final = 64
_LETTER_VALUES: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33),
        strict=True,
    )
)
_SHOWN_ENDS: Final = 4
_LONG_ENOUGH_FOR_ENDS: Final = 12
_SHORTEST_NUMBER: Final = 4


def normalise_document_number(raw: str) -> str:
    """One spelling: ASCII, upper case, no spaces or brackets, 15 digits of a card as the 18 they stand for."""
    if _ID_CARD.fullmatch(raw):
        return raw
    text = unicodedata.normalize("NFKC", raw[:_LONGEST_TYPED]).upper()
    text = "".join(text.split()).replace("(", "").replace(")", "")
    if _OLD_CARD.fullmatch(text) and text[:2] in _TYPE_OF_PROVINCE and _is_date(_CENTURY_OF_OLD + text[6:12]):
        return _lengthened(text)
    return text


def _lengthened(old: str) -> str:
    body = old[:6] + _CENTURY_OF_OLD + old[6:]
    return body + str(ric.calc_check_digit(body + "0"))


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def parse_document(document_type: DocumentType, raw: str, today: date) -> Document:
    """The document, or BrokenRuleError. A residence permit is SFZ_GAT, whichever of the two was said."""
    if document_type is DocumentType.SFZ and _ID_CARD.fullmatch(raw):
        return _check_id_card(raw, today)
    if len(raw) > _LONGEST_TYPED:
        raise BrokenRuleError("document_number_malformed")
    return _PARSERS[document_type](normalise_document_number(raw), today)


def document_from_roster(raw: str, today: date) -> Document:
    """The document of a roster's SFZH column, which does not say its type.

    A letter and seven digits may be a Hong Kong card or a passport: in brackets, or with a right check digit, it is
    the card. Eight digits are a Macao card with brackets (as it is printed), and a permit without.
    """
    if _ID_CARD.fullmatch(raw):
        return _check_id_card(raw, today)
    if len(raw) > _LONGEST_TYPED:
        raise BrokenRuleError("document_number_malformed")
    number = normalise_document_number(raw)
    if _CARD_OF_ANY_AGE.fullmatch(number):
        return _parse_id_card(number, today)
    if _BRACKETED_CARD.fullmatch("".join(unicodedata.normalize("NFKC", raw).upper().split())):
        return _parse_hong_kong_macao_taiwan(number, today)
    hong_kong = _HONG_KONG.fullmatch(number)
    if (hong_kong and _hong_kong_is_right(*hong_kong.groups())) or _TAIWAN.fullmatch(number):
        return _parse_hong_kong_macao_taiwan(number, today)
    if _PERMIT.fullmatch(number):
        return Document(DocumentType.GAT_PERMIT, number)
    return _parse_passport(number, today)


def _parse_id_card(number: str, today: date) -> Document:
    if _OLD_CARD.fullmatch(number):
        # Not lengthened when it was normalised: its province or its date is wrong, and the rules below say which.
        number = _lengthened(number)
    if not _ID_CARD.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return _check_id_card(number, today)


def _check_id_card(number: str, today: date) -> Document:
    kind = _TYPE_OF_PROVINCE.get(number[:2])
    if kind is None:
        raise BrokenRuleError("document_region_unknown")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BrokenRuleError("document_birth_date_impossible") from None
    if not _EARLIEST <= born <= today:
        raise BrokenRuleError("document_birth_date_impossible")
    codes = number.encode()
    if codes[17] != _CHECK_DIGITS[(sum(map(mul, codes, _WEIGHTS)) - _SURPLUS) % 11]:
        raise BrokenRuleError("document_check_digit_wrong")
    return Document(kind, number)


def _parse_hong_kong_macao_taiwan(number: str, today: date) -> Document:
    if _CARD_OF_ANY_AGE.fullmatch(number):
        document = _parse_id_card(number, today)
        if document.type is not DocumentType.SFZ_GAT:
            raise BrokenRuleError("document_type_mismatch")
        return document
    if hong_kong := _HONG_KONG.fullmatch(number):
        if not _hong_kong_is_right(*hong_kong.groups()):
            raise BrokenRuleError("document_check_digit_wrong")
    elif taiwan := _TAIWAN.fullmatch(number):
        _check_taiwan(*taiwan.groups())
    elif not _MACAO.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return Document(DocumentType.SFZ_GAT, number)


def _hong_kong_is_right(letters: str, digits: str, check: str) -> bool:
    """Letters count from A = 10, a missing first one as a space (36); weights 9 to 2, modulo 11."""
    values = [36] * (2 - len(letters)) + [ord(letter) - 55 for letter in letters] + [int(digit) for digit in digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    expected = (11 - total % 11) % 11
    return check == ("A" if expected == 10 else str(expected))  # noqa: PLR2004 - ten is written A


def _check_taiwan(letter: str, sex: str, digits: str) -> None:
    """The letter's two digits, then all others, weights 1 9 8 … 1 1, modulo 10."""
    first, second = divmod(_LETTER_VALUES[letter], 10)
    values = [first, second, int(sex), *map(int, digits)]
    total = sum(value * weight for value, weight in zip(values, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True))
    if total % 10:
        raise BrokenRuleError("document_check_digit_wrong")


def _parse_overseas(number: str, today: date) -> Document:
    if _CARD_OF_ANY_AGE.fullmatch(number):
        return Document(DocumentType.SFZ_HQ, _parse_id_card(number, today).number)
    return Document(DocumentType.SFZ_HQ, _parse_passport(number, today).number)


def _parse_passport(number: str, today: date) -> Document:
    return _parse_shape(DocumentType.PASSPORT, _PASSPORT, number, today)


def _parse_permit(number: str, today: date) -> Document:
    return _parse_shape(DocumentType.GAT_PERMIT, _PERMIT, number, today)


def _parse_other(number: str, today: date) -> Document:
    return _parse_shape(DocumentType.QIT, _OTHER, number, today)


def _parse_shape(kind: DocumentType, shape: re.Pattern[str], number: str, today: date) -> Document:
    if _is_card(number, today):
        # A card's number under another type would be a second identity for one person.
        raise BrokenRuleError("document_type_mismatch")
    if not shape.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return Document(kind, number)


def _is_card(number: str, today: date) -> bool:
    try:
        return _ID_CARD.fullmatch(number) is not None and _check_id_card(number, today) is not None
    except BrokenRuleError:
        return False


_PARSERS: Final[dict[DocumentType, Callable[[str, date], Document]]] = {
    DocumentType.SFZ: _parse_id_card,
    DocumentType.SFZ_GAT: _parse_hong_kong_macao_taiwan,
    DocumentType.SFZ_HQ: _parse_overseas,
    DocumentType.PASSPORT: _parse_passport,
    DocumentType.GAT_PERMIT: _parse_permit,
    DocumentType.QIT: _parse_other,
}


def birth_date_of(document: Document) -> date | None:
    """The birth date inside an 18-character number; other numbers have none."""
    number = document.number
    if len(number) != _LONG or not _ID_CARD.fullmatch(number):
        return None
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(document: Document) -> Sex | None:
    """The sex inside an 18-character number; other numbers have none."""
    number = document.number
    if len(number) != _LONG or not _ID_CARD.fullmatch(number):
        return None
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def mask_document_number(number: str) -> str:
    """`430101…1234` → `4301**********1234`; of short numbers only the first and the last two stay."""
    if len(number) >= _LONG_ENOUGH_FOR_ENDS:
        hidden = "*" * (len(number) - 2 * _SHOWN_ENDS)
        return number[:_SHOWN_ENDS] + hidden + number[-_SHOWN_ENDS:]
    if len(number) < _SHORTEST_NUMBER:
        return "*" * len(number)
    return number[:1] + "*" * (len(number) - 3) + number[-2:]
