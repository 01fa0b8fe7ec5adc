"""What the code of an institution says."""

from __future__ import annotations

from xuexin_api.core.institutions import province_of


def test_the_third_and_fourth_digit_are_the_province_whatever_the_code_begins_with() -> None:
    assert [province_of(code) for code in ("4111010001", "3622000335", "4213051721")] == ["11", "22", "13"]
