"""Second factors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.codes import CodeText
from xuexin_api.schemas.passkeys import PasskeyAssertion
from xuexin_api.schemas.types import Input, Output, Password

FactorAnswer = Annotated[str, StringConstraints(min_length=6, max_length=32)]


class Confirmed(Input):
    password: Password = Field(description="The account's password.", examples=["correct-horse-battery"])


class CodeAsFactor(Input):
    factor: Literal["totp", "recovery_code"] = Field(
        description="`totp`: what the authenticator app shows. `recovery_code`: one of the recovery codes, which "
        "works once.",
        examples=["totp"],
    )
    answer: FactorAnswer = Field(description="A code of the factor.", examples=["424242"])


class PasskeyAsFactor(Input):
    factor: Literal["passkey"] = Field(description="Always `passkey`: this form of the factor.", examples=["passkey"])
    assertion: PasskeyAssertion = Field(description="What the passkey signed, as the browser's `toJSON()` gives it.")


SecondFactor = Annotated[CodeAsFactor | PasskeyAsFactor, Field(discriminator="factor")]


class ConfirmedByFactor(Confirmed):
    second_factor: SecondFactor | None = Field(
        default=None,
        description="Where the account has one: `second_factor_needed` says so. A passkey signs the options of "
        "POST /v1/account/factors/passkeys/assertion-options.",
        examples=[None],
    )


class Factors(Output):
    totp: bool = Field(description="Whether logins ask for the code of an authenticator app.", examples=[True])
    passkeys: int = Field(description="How many are set; any of them will do.", examples=[0])
    recovery_codes_left: int = Field(description="How many recovery codes are unused.", examples=[10])


class ProposedTotp(Output):
    secret: str = Field(description="Base32, told once.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    uri: str = Field(
        description="For the QR code of an authenticator app (otpauth).",
        examples=["otpauth://totp/%E5%AD%A6%E4%BF%A1:+86170****0001?secret=JBSWY3DPEHPK3PXP&issuer=%E5%AD%A6%E4%BF%A1"],
    )


class TotpConfirmation(Input):
    code: CodeText = Field(description="What the app shows now.", examples=["424242"])


class RecoveryCodes(Output):
    recovery_codes: list[str] = Field(
        description="Told once, with the first second factor; empty with any other, for they stay good. Each logs in "
        "once, in the place of the second factor.",
        examples=[["7KQ2M9XW4R"]],
    )
