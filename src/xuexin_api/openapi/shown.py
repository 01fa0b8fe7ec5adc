"""Examples of answers: named by the state that they show, in each language where words differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel

from xuexin_api.core.messages import Language
from xuexin_api.openapi.lint import JSON
from xuexin_api.openapi.refusals import LANGUAGES


@dataclass(frozen=True, slots=True)
class Shown:
    """What an operation answers in one state; words are made by a function of the language."""

    summary: str
    answer: BaseModel | Callable[[Language], BaseModel | str]
    status: int | None = None
    """Which, where the operation has several good ones."""
    kind: str = JSON


Examples: TypeAlias = Mapping[str, Mapping[str, Shown]]
"""By the name of the operation and of the state."""


def examples_of(states: Mapping[str, Shown], status: int, kind: str) -> dict[str, Any]:
    """The named examples of one status and content type."""
    found: dict[str, Any] = {}
    for state, shown in states.items():
        if shown.status not in {None, status} or shown.kind != kind:
            continue
        for ending, language in LANGUAGES.items():
            value = _value(shown, language)
            if not ending or value != found[state]["value"]:
                found[state + ending] = {"summary": shown.summary, "value": value}
    return found


def _value(shown: Shown, language: Language) -> Any:
    answer = shown.answer if isinstance(shown.answer, BaseModel) else shown.answer(language)
    return answer if isinstance(answer, str) else json.loads(answer.model_dump_json(by_alias=True))
