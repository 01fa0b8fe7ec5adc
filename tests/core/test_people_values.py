"""Names, phones, e-mails and passwords."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuexin_api.core.emails import mask_email, parse_email
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.names import name_key, normalise_name
from xuexin_api.core.passwords import check_password
from xuexin_api.core.phones import mask_phone, parse_phone


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张三", "张三"),
        ("  张三 ", "张三"),
        ("𠮷野家", "𠮷野家"),
        ("𬭩", None),
        ("阿里木•买买提", "阿里木·买买提"),
        ("阿里木．买买提", "阿里木·买买提"),
        ("Jean-Luc O'Neil", "Jean-Luc O'Neil"),
        ("张", None),
        ("张3", None),
        ("张三😀", None),
        ("张\u200b三", None),
        ("张\x00三", None),
        ("·张三", None),
        ("\ue863三", None),
        ("张" * 61, None),
    ],
)
def test_names_are_kept_as_their_bearers_write_them(typed: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(BrokenRuleError):
            normalise_name(typed)
    else:
        assert normalise_name(typed) == name


@given(st.text(max_size=200))
def test_a_normal_name_stays_what_it_is(typed: str) -> None:
    try:
        name = normalise_name(typed)
    except BrokenRuleError:
        return
    assert normalise_name(name) == name
    assert 2 <= len(name) <= 60


def test_dots_spaces_width_and_case_do_not_make_two_names() -> None:
    assert name_key("阿里木·买买提") == name_key("阿里木 买买提") == name_key("阿里木买买提")
    assert name_key("Ａｎａ") == name_key("ana")
    assert name_key("张三") != name_key("张叁")


@given(st.text(max_size=40))
def test_any_text_is_a_phone_or_a_broken_rule(typed: str) -> None:
    try:
        phone = parse_phone(typed)
    except BrokenRuleError:
        return
    assert parse_phone(phone) == phone
    assert phone[-8:-4] not in mask_phone(phone) or set(phone[-8:-4]) <= set("*")


@pytest.mark.parametrize("typed", ["a@example.edu", "A.B+c@Example.EDU", "o'neil@mail.example.edu"])
def test_an_address_has_one_spelling(typed: str) -> None:
    assert parse_email(typed) == typed.lower()
    assert mask_email(parse_email(typed)).startswith(f"{typed[0].lower()}***@")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "a@b",
        "a@b.c",
        "a..b@example.edu",
        "a@exa mple.edu",
        "a@-x.edu",
        "x" * 65 + "@example.edu",
        "a@例子.中国",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BrokenRuleError):
        parse_email(typed)


@given(st.text(min_size=8, max_size=64), st.lists(st.text(max_size=20), max_size=3))
def test_a_password_is_judged_whatever_it_is(password: str, personal: list[str]) -> None:
    with contextlib.suppress(BrokenRuleError):
        check_password(password, personal=personal)


def test_a_short_name_inside_a_long_password_is_no_harm() -> None:
    check_password("zhang wei rows the boat ashore", personal=["zhang wei"])
    with pytest.raises(BrokenRuleError, match="password_too_personal"):
        check_password("Zhang-Wei-88", personal=["zhang wei"])
