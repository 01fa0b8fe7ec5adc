"""Second factors."""

from __future__ import annotations

from typing import Final

from xuexin_api.openapi import Examples, Shown
from xuexin_api.schemas.factors import Factors

FACTORS: Final[Examples] = {
    "get_factors": {
        "none": Shown("The password alone.", Factors(totp=False, recovery_codes_left=0)),
        "totp": Shown("An authenticator app, two recovery codes used.", Factors(totp=True, recovery_codes_left=8)),
    }
}
