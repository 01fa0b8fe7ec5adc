"""The service platforms that take the account: content of the package."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from xuexin_api.core.messages import Language


@dataclass(frozen=True, slots=True)
class PlatformView:
    """One platform in one language."""

    id: str
    name: str
    purpose: str
    article: str | None


@cache
def list_platforms(language: Language) -> tuple[PlatformView, ...]:
    """All of them, in the order they are shown."""
    text = (resources.files("xuexin_api") / "content" / "platforms.toml").read_text(encoding="utf-8")
    return tuple(
        PlatformView(one["id"], one["name"][language], one["purpose"][language], one.get("article"))
        for one in tomllib.loads(text)["platforms"]
    )
