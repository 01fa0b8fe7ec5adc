"""The agreements in force: texts of the package, each with its version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from xuexin_api.core.messages import Language

REQUIRED_KINDS: Final = ("user_agreement", "privacy_policy")
MESSAGES_CONSENT: Final = "service_messages"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One text in force. The file's first line is `version: …`, its second the title."""

    kind: str
    version: str
    title: str
    text: str


@cache
def agreement_in_force(kind: str, language: Language) -> Agreement:
    """The text; both languages carry the same version, or the service does not start."""
    file = resources.files("xuexin_api") / "content" / "agreements" / f"{kind}.{language}.md"
    first, title, text = file.read_text(encoding="utf-8").split("\n", 2)
    return Agreement(kind, first.removeprefix("version:").strip(), title.removeprefix("#").strip(), text.strip())


def agreements_in_force(language: Language) -> list[Agreement]:
    """All that a registration must agree to."""
    return [agreement_in_force(kind, language) for kind in REQUIRED_KINDS]


def version_in_force(kind: str) -> str:
    """The version that a consent must name."""
    return agreement_in_force(kind, "zh-CN").version
