"""What looks like somebody's data is made unreadable before a question is kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MASK: Final = "＊＊＊"
_CHINESE_DIGITS: Final = "〇零一二三四五六七八九幺"
_ADDRESS: Final = re.compile(r"[^\s@，。：；、<>]+@[^\s@，。：；、<>]+")
_NUMBER: Final = re.compile(r"(?<![a-z0-9])(?:\+?\d[\s\-()（）]*){5,}[xX]?", re.IGNORECASE)
_SPOKEN: Final = re.compile(rf"[{_CHINESE_DIGITS}](?:[\s-]*[{_CHINESE_DIGITS}]){{5,}}")
_MIXED: Final = re.compile(r"(?=[a-z0-9_\-]*\d)[a-z0-9][a-z0-9_\-]{5,}", re.IGNORECASE)
_AFTER: Final = re.compile(
    r"((?:密码|口令|password|code|验证码|答案|姓名|名字|我叫|my name is|i am called)\s*(?:是|为|叫|is|[:：=])*\s*)"
    r"([a-z0-9!@#$%^&*_\-]{3,}|(?<=我叫)[\u3400-\u9fff·]{2,4}|(?<=姓名[是:：])[\u3400-\u9fff·]{2,4})",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"(?:my name is|i am called)\s+[a-z]+(?:\s+[a-z]+)?", re.IGNORECASE)


def mask(raw: str) -> str:
    """The text without numbers of people and phones, addresses, codes, and names that are introduced as such."""
    text = unicodedata.normalize("NFKC", raw)
    text = _WORDS.sub(f"my name is {MASK}", text)
    text = _ADDRESS.sub(MASK, text)
    text = _AFTER.sub(lambda found: found[1] + MASK, text)
    for pattern in (_NUMBER, _SPOKEN, _MIXED):
        text = pattern.sub(MASK, text)
    return text
