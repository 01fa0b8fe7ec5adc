"""Second factors."""

from __future__ import annotations

from typing import Final

from xuexin_api.openapi import Examples, Shown
from xuexin_api.schemas.factors import Factors, RecoveryCodes

FACTORS: Final[Examples] = {
    "get_factors": {
        "none": Shown("The password alone.", Factors(totp=False, passkeys=0, recovery_codes_left=0)),
        "totp": Shown(
            "An authenticator app, two recovery codes used.", Factors(totp=True, passkeys=0, recovery_codes_left=8)
        ),
        "passkeys": Shown("Two passkeys.", Factors(totp=False, passkeys=2, recovery_codes_left=10)),
    },
    "confirm_totp": {
        "first": Shown("The first second factor.", RecoveryCodes(recovery_codes=["7KQ2M9XW4R", "HTV3N8PCJD"])),
        "another": Shown("Beside a passkey; the codes stay good.", RecoveryCodes(recovery_codes=[])),
    },
}
