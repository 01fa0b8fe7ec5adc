"""The names of second factors, as tickets, accounts and the contract say them."""

from __future__ import annotations

from typing import Final

PASSKEY: Final = "passkey"
TOTP: Final = "totp"
RECOVERY_CODE: Final = "recovery_code"
"""In the place of any other; no account has it alone."""
