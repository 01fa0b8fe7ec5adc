"""Passkeys: what browsers speak (W3C Web Authentication, level 3, JSON forms), and what an account sees of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from xuexin_api.schemas.types import Id, Input, Moment, Output

_BASE64URL = r"^[A-Za-z0-9_-]+$"
Bytes = Annotated[str, StringConstraints(min_length=1, max_length=1400, pattern=_BASE64URL)]
LongBytes = Annotated[str, StringConstraints(min_length=1, max_length=16384, pattern=_BASE64URL)]
Transport = Annotated[str, StringConstraints(max_length=32)]
PasskeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
UserVerification = Literal["required", "preferred", "discouraged"]
_CREDENTIAL_ID = "8w9jyoX_mKcUE4mRBTuKZg"
_CHALLENGE = "AZmhssPUfl-Kb3yNng8aKwAAAABpJEIsZrJ2sYVqU2vQ0m8Rf1m2cA"


class FromBrowser(BaseModel):
    """Named as browsers name it. What a browser adds beyond it is let through and not looked at: browsers grow."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, alias_generator=to_camel)


class ToBrowser(BaseModel):
    """Named as browsers name it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class AttestationResponse(FromBrowser):
    client_data: LongBytes = Field(
        alias="clientDataJSON", description="What the browser says it asked for.", examples=["eyJ0eXBlIjoid2ViYXV0aG4u"]
    )
    attestation_object: LongBytes = Field(description="What the authenticator made.", examples=["o2NmbXRkbm9uZWdhdHRT"])
    transports: Annotated[list[Transport], Field(max_length=16)] = Field(
        default=[], description="How the authenticator is reached.", examples=[["internal", "hybrid"]]
    )


class PasskeyCredential(FromBrowser):
    """RegistrationResponseJSON: `toJSON()` of what `navigator.credentials.create()` gave."""

    id: Bytes = Field(description="Credential id, base64url.", examples=[_CREDENTIAL_ID])
    raw_id: Bytes = Field(description="The same id, as browsers send it twice.", examples=[_CREDENTIAL_ID])
    type: Literal["public-key"] = Field(description="Always `public-key`.", examples=["public-key"])
    response: AttestationResponse = Field(description="What the authenticator made.")


class AssertionResponse(FromBrowser):
    client_data: LongBytes = Field(
        alias="clientDataJSON", description="What the browser says it asked for.", examples=["eyJ0eXBlIjoid2ViYXV0aG4u"]
    )
    authenticator_data: LongBytes = Field(
        description="What the authenticator says.", examples=["SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAABw"]
    )
    signature: Bytes = Field(description="Of the authenticator, over both.", examples=["MEUCIQD1ClEuREkkk"])
    user_handle: Bytes | None = Field(
        default=None, description="Which account it is; needed to log in by the passkey alone.", examples=[None]
    )


class PasskeyAssertion(FromBrowser):
    """AuthenticationResponseJSON: `toJSON()` of what `navigator.credentials.get()` gave."""

    id: Bytes = Field(description="Credential id, base64url.", examples=[_CREDENTIAL_ID])
    raw_id: Bytes = Field(description="The same id, as browsers send it twice.", examples=[_CREDENTIAL_ID])
    type: Literal["public-key"] = Field(description="Always `public-key`.", examples=["public-key"])
    response: AssertionResponse = Field(description="What the authenticator signed.")


class RelyingParty(ToBrowser):
    id: str = Field(description="The domain that the passkey belongs to.", examples=["example.org"])
    name: str = Field(description="Name of the service, which authenticators show.", examples=["学信"])


class PasskeyUser(ToBrowser):
    id: str = Field(
        description="Stands for the account, and says nothing about it.", examples=["6dG6uVYKQ8iKtQ3a8kq0YQ"]
    )
    name: str = Field(
        description="What authenticators show to tell passkeys apart: the account's phone, masked, or its id where it "
        "has none; of staff the login name.",
        examples=["+86170****0001"],
    )
    display_name: str = Field(description="The same as `name`.", examples=["+86170****0001"])


class KeyKind(ToBrowser):
    type: Literal["public-key"] = Field(description="Always `public-key`.", examples=["public-key"])
    alg: int = Field(description="A COSE algorithm.", examples=[-7])


class CredentialHint(ToBrowser):
    id: str = Field(description="Credential id, base64url.", examples=[_CREDENTIAL_ID])
    type: Literal["public-key"] = Field(description="Always `public-key`.", examples=["public-key"])
    transports: list[str] = Field(
        default=[],
        description="How the authenticator is reached, as the browser said; empty where it did not.",
        examples=[["internal"]],
    )


class AuthenticatorWishes(ToBrowser):
    resident_key: Literal["required", "preferred", "discouraged"] = Field(
        description="Whether the passkey is to be found on its device without an id, as a login by the passkey alone "
        "needs it.",
        examples=["preferred"],
    )
    require_resident_key: bool = Field(
        description="The same for older browsers: true where `residentKey` is `required`.", examples=[False]
    )
    user_verification: UserVerification = Field(
        description="Whether the authenticator is to ask who uses it, by PIN, finger or face.", examples=["preferred"]
    )


class CreationOptions(ToBrowser):
    """PublicKeyCredentialCreationOptionsJSON: for `PublicKeyCredential.parseCreationOptionsFromJSON()`."""

    rp: RelyingParty = Field(description="This service, for which the passkey is made.")
    user: PasskeyUser = Field(description="Whose passkey it will be, as authenticators keep it.")
    challenge: str = Field(description="Good once, for this session.", examples=[_CHALLENGE])
    pub_key_cred_params: list[KeyKind] = Field(description="Kinds of keys that are taken, the preferred first.")
    timeout: int = Field(description="Milliseconds that the browser is to wait.", examples=[300000])
    exclude_credentials: list[CredentialHint] = Field(description="The passkeys that are set already.")
    authenticator_selection: AuthenticatorWishes = Field(description="What the authenticator is to be able to do.")
    attestation: Literal["none"] = Field(
        description="Always `none`: no proof of the authenticator's make is asked for.", examples=["none"]
    )


class RequestOptions(ToBrowser):
    """PublicKeyCredentialRequestOptionsJSON: for `PublicKeyCredential.parseRequestOptionsFromJSON()`."""

    challenge: str = Field(description="Good once, for what it was asked for.", examples=[_CHALLENGE])
    timeout: int = Field(description="Milliseconds that the browser is to wait.", examples=[300000])
    rp_id: str = Field(description="The domain that the passkey belongs to.", examples=["example.org"])
    allow_credentials: list[CredentialHint] = Field(
        description="The account's passkeys; empty where any will do that the device finds for the domain."
    )
    user_verification: UserVerification = Field(
        description="Whether the authenticator is to ask who uses it, by PIN, finger or face.", examples=["preferred"]
    )


class CreationOffered(Output):
    public_key: CreationOptions = Field(description="`publicKey` for `navigator.credentials.create()`.")


class RequestOffered(Output):
    public_key: RequestOptions = Field(description="`publicKey` for `navigator.credentials.get()`.")


class NewPasskey(Input):
    name: PasskeyName = Field(description="For its owner's eyes.", examples=["我的手机"])
    credential: PasskeyCredential = Field(description="What the browser made of the options.")


class PasskeyChange(Input):
    name: PasskeyName = Field(description="Its new name, for its owner's eyes.", examples=["宿舍的电脑"])


class Passkey(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    name: str = Field(description="As its owner named it.", examples=["我的手机"])
    aaguid: Id = Field(
        description="The model of the authenticator, as it says itself.",
        examples=["ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"],
    )
    backed_up: bool = Field(description="Whether its owner's other devices have it, too.", examples=[True])
    created_at: Moment = Field(description="When it was set.", examples=["2026-11-24T08:00:00Z"])
    last_used_at: Moment | None = Field(description="When it was used last; null: never.", examples=[None])
    copy_suspected_at: Moment | None = Field(
        description="When its counter fell, as it does where there is a copy: remove it, and set another. Null: it "
        "never did.",
        examples=[None],
    )


class PasskeyList(Output):
    items: list[Passkey] = Field(description="Oldest first; few.")


class PasskeyAdded(Output):
    passkey: Passkey = Field(description="The passkey that was set.")
    recovery_codes: list[str] = Field(
        description="Told once, with the first second factor; empty with any other, for they stay good.",
        examples=[["7KQ2M9XW4R"]],
    )
