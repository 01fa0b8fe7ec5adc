"""Documents: one spelling for each number, and every rule of GB 11643."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuexin_api.core.documents import (
    Document,
    DocumentType,
    Sex,
    birth_date_of,
    document_from_roster,
    mask_document_number,
    normalise_document_number,
    parse_document,
    sex_of,
)
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.demo.people import id_number

TODAY = date(2031, 3, 5)
NUMBERS = st.builds(
    id_number,
    st.sampled_from(["119999", "439996", "659992", "810000", "830000", "999156", "719999"]),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(1, 999),
)


@given(NUMBERS)
def test_every_valid_number_is_read_with_its_date_and_sex(number: str) -> None:
    document = parse_document(DocumentType.SFZ, number, TODAY)
    assert document.number == number
    assert document.type is (DocumentType.SFZ_GAT if number[:2] in {"81", "82", "83"} else DocumentType.SFZ)
    assert f"{birth_date_of(document):%Y%m%d}" == number[6:14]
    assert sex_of(document) is (Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


@given(NUMBERS, st.integers(0, 17), st.integers(1, 9))
def test_no_single_wrong_digit_passes(number: str, place: int, step: int) -> None:
    digits = "0123456789X" if place == 17 else "0123456789"
    other = digits[(digits.index(number[place]) + step) % len(digits)]
    with pytest.raises(BrokenRuleError):
        parse_document(DocumentType.SFZ, number[:place] + other + number[place + 1 :], TODAY)


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(1, 999))
def test_fifteen_digits_become_the_eighteen_they_stand_for(born: date, sequence: int) -> None:
    long = id_number("119999", born, sequence)
    assert normalise_document_number(long[:6] + long[8:17]) == long


@given(NUMBERS)
def test_full_width_spaces_and_a_small_x_do_not_matter(number: str) -> None:
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)
    for typed in (wide, wide.lower(), f" {number[:6]} {number[6:14]} {number[14:]} "):
        assert parse_document(DocumentType.SFZ, typed, TODAY).number == number


def test_the_day_of_birth_may_be_today_and_not_tomorrow() -> None:
    born_today = id_number("119999", TODAY, 1)
    assert parse_document(DocumentType.SFZ, born_today, TODAY).number == born_today
    with pytest.raises(BrokenRuleError, match="document_birth_date_impossible"):
        parse_document(DocumentType.SFZ, id_number("119999", TODAY + timedelta(days=1), 1), TODAY)


@pytest.mark.parametrize(
    ("raw", "document"),
    [
        ("A123456(3)", Document(DocumentType.SFZ_GAT, "A1234563")),
        ("Ａ１２３４５６（３）", Document(DocumentType.SFZ_GAT, "A1234563")),
        ("WX123456(8)", None),
        ("E1234567", Document(DocumentType.PASSPORT, "E1234567")),
        ("1234567(8)", Document(DocumentType.SFZ_GAT, "12345678")),
        ("A123456789", Document(DocumentType.SFZ_GAT, "A123456789")),
        ("H12345678", Document(DocumentType.GAT_PERMIT, "H12345678")),
        ("M1234567890", Document(DocumentType.GAT_PERMIT, "M1234567890")),
        ("12345678", Document(DocumentType.GAT_PERMIT, "12345678")),
        ("E12345678", Document(DocumentType.PASSPORT, "E12345678")),
        ("810000200103070015", None),
        ("***", None),
        ("", None),
    ],
)
def test_a_rosters_numbers_say_their_type(raw: str, document: Document | None) -> None:
    if document is None:
        with pytest.raises(BrokenRuleError):
            document_from_roster(raw, TODAY)
    else:
        assert document_from_roster(raw, TODAY) == document


@given(st.text(max_size=80), st.sampled_from(DocumentType))
def test_any_text_is_a_document_or_a_broken_rule(raw: str, kind: DocumentType) -> None:
    readings: list[Callable[[], Document]] = [
        lambda: parse_document(kind, raw, TODAY),
        lambda: document_from_roster(raw, TODAY),
    ]
    for read in readings:
        try:
            document = read()
        except BrokenRuleError:
            continue
        assert document.number.isascii()
        assert parse_document(document.type, document.number, TODAY) == document


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("430101200001011234", "4301**********1234"),
        ("E12345678", "E******78"),
        ("A1234563", "A*****63"),
        ("AB12", "A*12"),
        ("123456789012", "1234****9012"),
    ],
)
def test_masks_keep_the_ends(number: str, masked: str) -> None:
    assert mask_document_number(number) == masked
