"""Identity documents: types, rules, and one spelling for each number."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from operator import mul
from typing import Final, NamedTuple

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


class Document(NamedTuple):
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
_TYPE_OF_PROVINCE: Final = dict.fromkeys([*_MAINLAND, *_FOREIGN_RESIDENT], DocumentType.SFZ) | dict.fromkeys(
    _RESIDENCE_PERMIT, DocumentType.SFZ_GAT
)
_TYPES_OF_ID_CARDS: Final = frozenset({DocumentType.SFZ, DocumentType.SFZ_GAT})
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = b"10X98765432"
# The sum is taken over the characters' codes, which is fast; what they have too much is the same for every number.
_SURPLUS: Final = ord("0") * sum(_WEIGHTS)
_LONG: Final = 18
_OLD: Final = 15
_CENTURY_OF_OLD: Final = "19"
_ID_CARD: Final = re.compile(r"[0-9]{17}[0-9X]")
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
    """One spelling: ASCII, upper case, no spaces or brackets, 15 digits as the 18 they stand for."""
    if _ID_CARD.fullmatch(raw):
        return raw
    text = unicodedata.normalize("NFKC", raw[:_LONGEST_TYPED]).upper()
    text = "".join(text.split()).replace("(", "").replace(")", "")
    if len(text) == _OLD and text.isascii() and text.isdigit():
        body = text[:6] + _CENTURY_OF_OLD + text[6:]
        return body + str(ric.calc_check_digit(body + "0"))
    return text


def parse_document(document_type: DocumentType, raw: str, today: date) -> Document:
    """The document, or BrokenRuleError. A residence permit is SFZ_GAT, whichever of the two was said."""
    if len(raw) > _LONGEST_TYPED:
        raise BrokenRuleError("document_number_malformed")
    return _PARSERS[document_type](raw, today)


def document_from_roster(raw: str, today: date) -> Document:
    """The document of a roster's SFZH column, which does not say its type."""
    if _ID_CARD.fullmatch(raw):
        return _check_id_card(raw, today)
    if len(raw) > _LONGEST_TYPED:
        raise BrokenRuleError("document_number_malformed")
    number = normalise_document_number(raw)
    if len(number) in {_LONG, _OLD} and _ID_CARD.fullmatch(number):
        return _parse_id_card(number, today)
    if "(" in unicodedata.normalize("NFKC", raw):
        return _parse_hong_kong_macao_taiwan(raw, today)
    if _HONG_KONG.fullmatch(number) or _TAIWAN.fullmatch(number):
        # Passports look alike; the check digit tells.
        with contextlib.suppress(BrokenRuleError):
            return _parse_hong_kong_macao_taiwan(raw, today)
    if _PERMIT.fullmatch(number):
        return Document(DocumentType.GAT_PERMIT, number)
    return _parse_passport(raw, today)


def _parse_id_card(raw: str, today: date) -> Document:
    number = normalise_document_number(raw)
    if not _ID_CARD.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return _check_id_card(number, today)


def _check_id_card(number: str, today: date) -> Document:
    kind = _TYPE_OF_PROVINCE.get(number[:2])
    if kind is None:
        raise BrokenRuleError("document_region_unknown")
    _check_birth_date(number, today)
    if not _has_its_check_digit(number):
        raise BrokenRuleError("document_check_digit_wrong")
    return Document(kind, number)


def _has_its_check_digit(number: str) -> bool:
    codes = number.encode()
    total: int = sum(map(mul, codes, _WEIGHTS))
    return codes[-1] == _CHECK_DIGITS[(total - _SURPLUS) % 11]


def id_card_of_birth(raw: str, born: str) -> Document | None:
    """The document where it is a good number in its one spelling; `born`, as YYYYMMDD, is known to be possible."""
    kind = _TYPE_OF_PROVINCE.get(raw[:2])
    if kind is None or raw[6:14] != born or not _ID_CARD.fullmatch(raw) or not _has_its_check_digit(raw):
        return None
    return Document(kind, raw)


def _check_birth_date(number: str, today: date) -> None:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BrokenRuleError("document_birth_date_impossible") from None
    if not _EARLIEST <= born <= today:
        raise BrokenRuleError("document_birth_date_impossible")


def _parse_hong_kong_macao_taiwan(raw: str, today: date) -> Document:
    number = normalise_document_number(raw)
    if _ID_CARD.fullmatch(number):
        document = _parse_id_card(number, today)
        if document.type is not DocumentType.SFZ_GAT:
            raise BrokenRuleError("document_type_mismatch")
        return document
    if hong_kong := _HONG_KONG.fullmatch(number):
        _check_hong_kong(*hong_kong.groups())
    elif taiwan := _TAIWAN.fullmatch(number):
        _check_taiwan(*taiwan.groups())
    elif not _MACAO.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return Document(DocumentType.SFZ_GAT, number)


def _check_hong_kong(letters: str, digits: str, check: str) -> None:
    """Letters count from A = 10, a missing first one as a space (36); weights 9 to 2, modulo 11."""
    values = [36] * (2 - len(letters)) + [ord(letter) - 55 for letter in letters] + [int(digit) for digit in digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    expected = (11 - total % 11) % 11
    if check != ("A" if expected == 10 else str(expected)):  # noqa: PLR2004 - ten is written A
        raise BrokenRuleError("document_check_digit_wrong")


def _check_taiwan(letter: str, sex: str, digits: str) -> None:
    """The letter's two digits, then all others, weights 1 9 8 … 1 1, modulo 10."""
    first, second = divmod(_LETTER_VALUES[letter], 10)
    values = [first, second, int(sex), *map(int, digits)]
    total = sum(value * weight for value, weight in zip(values, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True))
    if total % 10:
        raise BrokenRuleError("document_check_digit_wrong")


def _parse_overseas(raw: str, today: date) -> Document:
    number = normalise_document_number(raw)
    if _ID_CARD.fullmatch(number):
        return _parse_id_card(number, today)
    return Document(DocumentType.SFZ_HQ, _parse_passport(raw, today).number)


def _parse_passport(raw: str, _: date) -> Document:
    number = normalise_document_number(raw)
    if not _PASSPORT.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return Document(DocumentType.PASSPORT, number)


def _parse_permit(raw: str, _: date) -> Document:
    number = normalise_document_number(raw)
    if not _PERMIT.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return Document(DocumentType.GAT_PERMIT, number)


def _parse_other(raw: str, _: date) -> Document:
    number = normalise_document_number(raw)
    if not _OTHER.fullmatch(number):
        raise BrokenRuleError("document_number_malformed")
    return Document(DocumentType.QIT, number)


_PARSERS: Final[dict[DocumentType, Callable[[str, date], Document]]] = {
    DocumentType.SFZ: _parse_id_card,
    DocumentType.SFZ_GAT: _parse_hong_kong_macao_taiwan,
    DocumentType.SFZ_HQ: _parse_overseas,
    DocumentType.PASSPORT: _parse_passport,
    DocumentType.GAT_PERMIT: _parse_permit,
    DocumentType.QIT: _parse_other,
}


def _is_id_card(document: Document) -> bool:
    """Of these types only an 18-character number is so long, and it has been looked at when the document was made."""
    return len(document.number) == _LONG and document.type in _TYPES_OF_ID_CARDS


def birth_date_of(document: Document) -> date | None:
    """The birth date inside an 18-character number; other numbers have none."""
    number = document.number
    if not _is_id_card(document):
        return None
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(document: Document) -> Sex | None:
    """The sex inside an 18-character number; other numbers have none."""
    return sex_of_id_card(document.number) if _is_id_card(document) else None


def sex_of_id_card(number: str) -> Sex:
    """What the last digit but one of an 18-character number says."""
    return Sex.MALE if number[16] in "13579" else Sex.FEMALE


def mask_document_number(number: str) -> str:
    """`430101…1234` → `4301**********1234`; of short numbers only the first and the last two stay."""
    if len(number) >= _LONG_ENOUGH_FOR_ENDS:
        hidden = "*" * (len(number) - 2 * _SHOWN_ENDS)
        return number[:_SHOWN_ENDS] + hidden + number[-_SHOWN_ENDS:]
    if len(number) < _SHORTEST_NUMBER:
        return "*" * len(number)
    return number[:1] + "*" * (len(number) - 3) + number[-2:]
