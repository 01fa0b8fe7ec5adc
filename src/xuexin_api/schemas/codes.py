"""One-time codes and phone proofs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.types import Choice, DeviceToken, Id, Input, Output, Purpose

CodeText = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Destination = Annotated[str, StringConstraints(min_length=3, max_length=254)]


class VerificationCodeRequest(Input):
    channel: Literal["sms", "email"] = Field(description="How the code is sent.", examples=["sms"])
    destination: Destination = Field(
        description="A mobile number as people type it (mainland without an area code), or an e-mail address.",
        examples=["17012340001"],
    )
    purpose: Purpose = Field(
        description="What the code will be used for; it fits nothing else.", examples=["registration"]
    )
    challenge: Annotated[str, StringConstraints(min_length=1, max_length=4096)] = Field(
        description="The answer to a challenge of the same purpose: base64 of {challenge, solution}.",
        examples=["eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6e319LCJzb2x1dGlvbiI6e319"],
    )
    device_token: DeviceToken = None


class VerificationCodeSent(Output):
    code_id: Id = Field(
        description="Send it with the code; told alike where nothing was sent.",
        examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"],
    )
    expires_in: int = Field(description="Seconds until the code is dead.", examples=[300])
    resend_in: int = Field(description="Seconds until another may be asked for.", examples=[60])


class PhoneProofRequest(Input):
    code_id: Id = Field(
        description="From the answer to the request that sent the code.",
        examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"],
    )
    phone: Destination = Field(description="The number that received the code.", examples=["17012340001"])
    code: CodeText = Field(description="The six digits.", examples=["424242"])
    purpose: Purpose = Field(description="As when the code was asked for.", examples=["registration"])


class PhoneProof(Output):
    phone_proof: str = Field(
        description="A secret; good for one registration.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )
    expires_in: int = Field(description="Seconds until the proof is dead.", examples=[900])
    phone_status: Literal["available", "registered"] = Field(
        description="`registered`: some account has the number, and `options` say what can be done.",
        examples=["available"],
    )
    options: list[Choice] = Field(description="What can be done about a registered phone; empty when available.")
