"""Staff: coming in, logging in, and the factors they do it with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.codes import CodeText
from xuexin_api.schemas.passkeys import CreationOptions, NewPasskey, Passkey, PasskeyAssertion
from xuexin_api.schemas.sessions import ChallengeAnswer
from xuexin_api.schemas.types import Id, Input, Output, Password, Secret, ShortText

RoleName = Literal["registrar", "province", "reviewer", "operator"]
_INVITATION = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"


class StaffProof(Input):
    """`code` with the factor `totp`, `assertion` with `passkey`."""

    password: Password = Field(description="The member's password.", examples=["correct-horse-battery"])
    factor: Literal["totp", "passkey"] = Field(default="totp", description="By which second factor.", examples=["totp"])
    code: CodeText | None = Field(
        default=None, description="Of the authenticator app; each works once.", examples=["424242"]
    )
    assertion: PasskeyAssertion | None = Field(
        default=None, description="What the passkey signed, as the browser's `toJSON()` gives it.", examples=[None]
    )
    challenge: ChallengeAnswer | None = Field(
        default=None,
        description="The answer to a `login` challenge, where `challenge_required` asked for it.",
        examples=[None],
    )


class StaffLogin(StaffProof):
    login_name: ShortText = Field(description="The name that the member was invited with.", examples=["reviewer.one"])


class StaffMember(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    login_name: str = Field(description="The name that the member logs in with.", examples=["reviewer.one"])
    role: RoleName = Field(
        description="`registrar` of a school, `province` above its schools, `reviewer` of identities, `operator` of "
        "the service.",
        examples=["reviewer"],
    )
    institution_code: str | None = Field(
        description="学校标识码 of a registrar's school; null of others.", examples=[None]
    )
    province: str | None = Field(
        description="Of a member of a province: its two digits in institution codes; null of others.", examples=[None]
    )


class StaffLoggedIn(Output):
    staff: StaffMember = Field(description="Who logged in.")
    access_token: str = Field(
        description="Good under /v1/staff only, as a student's token is good everywhere else only.",
        examples=["eyJhbGciOiJFUzI1NiJ9.e30.c2ln"],
    )
    token_type: Literal["Bearer"] = Field(
        default="Bearer", description="How the access token is sent (RFC 6750).", examples=["Bearer"]
    )
    expires_in: int = Field(description="Seconds; half an hour without a request ends the session.", examples=[28800])


class StaffEnrolment(Input):
    invitation: Secret = Field(description="From the fragment of the link.", examples=[_INVITATION])
    password: Password = Field(
        description="8 to 64 characters of any kind; not a common one, not one's own data.",
        examples=["correct-horse-battery"],
    )
    password_confirmation: Password = Field(description="The same again.", examples=["correct-horse-battery"])


class ProposedStaffFactors(Output):
    totp_secret: str = Field(description="For the authenticator app.", examples=["JBSWY3DPEHPK3PXP"])
    otpauth_uri: str = Field(
        description="The same secret, for the QR code of an authenticator app.",
        examples=["otpauth://totp/reviewer.one?secret=JBSWY3DPEHPK3PXP"],
    )
    public_key: CreationOptions = Field(
        description="For a passkey instead: `publicKey` for `navigator.credentials.create()`."
    )


class StaffEnrolmentConfirmation(Input):
    invitation: Secret = Field(description="From the fragment of the link.", examples=[_INVITATION])
    code: CodeText = Field(description="A code of the app.", examples=["424242"])


class StaffPasskeyEnrolment(NewPasskey):
    invitation: Secret = Field(description="From the fragment of the link.", examples=[_INVITATION])


class StaffFactors(Output):
    totp: bool = Field(description="Whether an authenticator app is set.", examples=[True])
    passkeys: list[Passkey] = Field(description="Oldest first; few.")
