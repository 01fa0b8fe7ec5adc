"""What a list of logins calls a device: its family of systems, and nothing that tells one device from another."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Platform: TypeAlias = Literal["android", "harmonyos", "ios", "windows", "macos", "linux", "unknown"]
_LONGEST: Final = 512
# In this order: HarmonyOS says Android too, an iPhone says Mac OS X, Android says Linux.
_MARKS: Final[tuple[tuple[str, Platform], ...]] = (
    ("harmony", "harmonyos"),
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("ios/", "ios"),
    ("windows", "windows"),
    ("mac os", "macos"),
    ("macintosh", "macos"),
    ("linux", "linux"),
)


def platform_of(user_agent: str) -> Platform:
    """The family that a User-Agent header names. It is what the caller says of itself: a hint, never a proof."""
    text = user_agent[:_LONGEST].lower()
    return next((platform for mark, platform in _MARKS if mark in text), "unknown")
