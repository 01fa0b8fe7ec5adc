"""Questions as people write them, made comparable."""

from __future__ import annotations

import pytest

from xuexin_api.core.help.features import FeatureMaker
from xuexin_api.core.help.reading import Reader
from xuexin_api.core.help.tables import tables


@pytest.fixture(scope="module")
def maker() -> FeatureMaker:
    reader = Reader(tables())
    reader.learn(["forgot password change account phone", *(word for word in tables().concepts if word.isascii())])
    return FeatureMaker(tables(), reader)


def test_the_order_of_the_standard_gives_the_readings() -> None:
    readings = tables().readings
    assert len(readings) == 3755
    expected = {
        "密": "mi",
        "码": "ma",
        "学": "xue",
        "籍": "ji",
        "账": "zhang",
        "绿": "lv",
        "女": "nv",
        "啊": "a",
        "座": "zuo",
    }
    assert {character: readings[character] for character in expected} == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("密码忘了", "密碼忘了"),
        ("密码忘了", "密马忘了"),
        ("密码忘了", "mima wang le"),
        ("密码忘了", "请问 密码 忘了 啊？"),
        ("ＩＰ受限", "ip受限"),
        ("账号注销", "帐号注消"),
        ("forgot password", "FORGOT my pasword!!"),
        ("forgot password", "forgot passwrod"),
    ],
)
def test_two_spellings_mean_the_same(maker: FeatureMaker, one: str, other: str) -> None:
    def concepts(text: str) -> set[str]:
        return {feature for feature in maker.features(text).weights if feature.startswith("c:")}

    assert concepts(one) == concepts(other) != set()


def test_words_of_two_languages_mean_the_same(maker: FeatureMaker) -> None:
    assert "p:forget+password" in maker.features("密码忘了").weights
    assert "p:forget+password" in maker.features("I forgot the password").weights


@pytest.mark.parametrize("text", ["", " ", "？", "a" * 2000, "密" * 2000, "\u0301" * 500, "zhuang" * 50, "\ud83d"])
def test_anything_can_be_read(maker: FeatureMaker, text: str) -> None:
    maker.features(text)
