"""密保: the questions offered, and how an answer is read."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from xuexin_api.core.errors import BrokenRuleError

QUESTION_IDS: Final = (
    "first_teacher",
    "childhood_friend",
    "birth_town",
    "first_school",
    "favourite_book",
    "first_pet",
    "grandmother_name",
    "dream_place",
)
NEEDED: Final = 3
_SHORTEST_ANSWER: Final = 2
_LONGEST_ANSWER: Final = 128
"""Of the canonical answer: one character may stand for eighteen, and a hash takes no text of any length."""


def canonical_answer(typed: str) -> str:
    """Spelling that does not matter is taken away: width, case, spaces."""
    return "".join(unicodedata.normalize("NFKC", typed).casefold().split())


def combined_answers(answers: Mapping[str, str]) -> str:
    """One secret out of all answers, in the order of question ids: they can be guessed only together."""
    return "\x1f".join(f"{question}={answers[question]}" for question in sorted(answers))


def check_answer(answer: str) -> None:
    """BrokenRuleError unless the canonical answer says something."""
    if len(answer) < _SHORTEST_ANSWER:
        raise BrokenRuleError("security_answer_too_short", shortest=_SHORTEST_ANSWER)
    if len(answer) > _LONGEST_ANSWER:
        raise BrokenRuleError("security_answer_too_long", longest=_LONGEST_ANSWER)
