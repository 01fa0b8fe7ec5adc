"""What people type: how long it looks, what of it must not be kept, which offer it picks."""

from __future__ import annotations

import pytest

from xuexin_api.core.help.masking import MASK, mask
from xuexin_api.core.help.typed import count_characters, picked, says_something, sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("密码", 2),
        ("a b", 3),
        ("e\u0301", 1),
        ("👨‍👩‍👧‍👦", 1),
        ("👍🏽", 1),
        ("🇨🇳🇨🇳", 2),
        ("❤️", 1),
        ("𠮷野家", 3),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 1),
        ("a\u200db\u200dc", 3),
    ],
)
def test_characters_are_counted_as_people_see_them(text: str, count: int) -> None:
    assert count_characters(text) == count


@pytest.mark.parametrize(
    ("text", "says"),
    [("密", True), ("1", True), ("a?", True), ("", False), (" \t", False), ("😀", False), ("？！", False)],
)
def test_signs_and_emoji_say_nothing(text: str, says: bool) -> None:
    assert says_something(text) is says


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1", 0),
        (" ２ ", 1),
        ("第三个", 2),
        ("选2", 1),
        ("我要第一个", 0),
        ("2.", 1),
        ("后者", 1),
        ("The second one", 1),
        ("4", None),
        ("12", None),
        ("一个账号", None),
        ("密码", None),
    ],
)
def test_a_short_answer_picks_an_offer(text: str, place: int | None) -> None:
    offered = ["one", "two", "three"]
    assert picked(text, offered) == (None if place is None else offered[place])
    assert picked(text, []) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("我的身份证430102199003070018被注册", f"我的身份证{MASK}被注册"),
        ("430102 19900307 001x 查不到", f"{MASK} 查不到"),
        ("手机+86 170-1234-0001收不到", f"手机{MASK}收不到"),
        ("ＰＨＯＮＥ １７０１２３４０００１", f"PHONE {MASK}"),
        ("一七零一二三四零零零一收不到", f"{MASK}收不到"),
        ("发到lin@example.org了", MASK),
        ("验证码是838271不对", f"验证码是{MASK}不对"),
        ("密码是hunter2plus忘了", f"密码是{MASK}忘了"),
        ("密码:qwertyui登不上", f"密码:{MASK}登不上"),
        ("我叫王小二学籍查不到", f"我叫{MASK}籍查不到"),
        ("my name is Lin Xiao and I", f"my name is {MASK} and I"),
        ("护照E12345678", f"护照{MASK}"),
        ("2026年入学15位身份证1M照片", "2026年入学15位身份证1M照片"),
        ("密码忘了怎么办", "密码忘了怎么办"),
        ("forgot password", "forgot password"),
    ],
)
def test_what_looks_like_somebody_s_data_is_masked(text: str, kept: str) -> None:
    assert mask(text) == kept


@pytest.mark.parametrize(
    ("text", "language", "pieces"),
    [
        ("先验证。再填写！好吗", "zh-CN", ["先验证。", "再填写！", "好吗"]),
        ("One. Two? Three", "en", ["One. ", "Two? ", "Three"]),
        ("无标点", "zh-CN", ["无标点"]),
    ],
)
def test_an_answer_is_told_sentence_by_sentence(text: str, language: str, pieces: list[str]) -> None:
    assert sentences(text, "en" if language == "en" else "zh-CN") == pieces
    assert "".join(pieces) == text
