"""Uploaded pictures as values: which rules one kept, what helps before a human looks, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from xuexin_api.core.messages import DEFAULT_LANGUAGE, Language, message

RuleName: TypeAlias = Literal["size", "kind", "whole", "alone", "single", "unpacking", "pixels", "readable", "stored"]
HintName: TypeAlias = Literal["sharpness", "card", "face"]


@dataclass(frozen=True, slots=True)
class PictureRule:
    """One rule, and whether the picture keeps it; `code` finds the words, which `params` fill."""

    name: RuleName
    passed: bool
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: Language = DEFAULT_LANGUAGE) -> str:
        """What was looked at, or what is wrong."""
        return message(self.code, language, **self.params)


@dataclass(frozen=True, slots=True)
class PictureHint:
    """Helps an applicant to take a better picture, and decides nothing; `good` is None where nothing was measured."""

    name: HintName
    good: bool | None
    measured: float | None

    def said(self, language: Language = DEFAULT_LANGUAGE) -> str:
        """What was seen, and what to do about it."""
        verdict = {True: "good", False: "poor", None: "unknown"}[self.good]
        return message(f"picture_hint_{self.name}_{verdict}", language)


@dataclass(frozen=True, slots=True)
class AcceptedPicture:
    """A picture drawn anew: nothing of the received file but its pixels is left in `jpeg`."""

    jpeg: bytes = field(repr=False)
    received_sha256: bytes
    received_bytes: int
    stored_sha256: bytes
    width: int
    height: int
    reduced: bool
    """Whether it has fewer pixels than the received one."""
    rules: tuple[PictureRule, ...]
    hints: tuple[PictureHint, ...]
