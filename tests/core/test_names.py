"""Names that cannot be seen, or only half, are no names."""

from __future__ import annotations

import pytest

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.names import normalise_name


@pytest.mark.parametrize(
    "typed", ["\u3164\u3164", "\u115f\u1160", "\uffa0张", "\u0301\u0301", "ⅣⅣ", "李\ufe00三", "a\u034fb"]
)
def test_what_cannot_be_seen_is_refused(typed: str) -> None:
    with pytest.raises(BrokenRuleError, match="name_malformed"):
        normalise_name(typed)


@pytest.mark.parametrize("typed", ["〇三", "Nguyễn Văn", "สมชาย", "अमित कुमार", "𰻝𰻝"])
def test_letters_of_every_people_are_welcome(typed: str) -> None:
    assert normalise_name(typed) == typed
