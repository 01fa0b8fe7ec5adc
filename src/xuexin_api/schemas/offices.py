"""Where schools and provinces are told of what waits for them."""

from __future__ import annotations

from pydantic import Field

from xuexin_api.schemas.accounts import EmailText
from xuexin_api.schemas.codes import CodeText
from xuexin_api.schemas.types import Id, Input, Moment, Output

_TIME = "2026-11-23T08:00:00Z"
_EMAIL = Field(description="The office's own, and nobody's private one.", examples=["registrar@example.edu"])


class OfficeCodeRequest(Input):
    email: EmailText = _EMAIL


class OfficeContactProof(Input):
    code_id: Id = Field(
        description="From the answer to the request that sent the code.",
        examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"],
    )
    email: EmailText = _EMAIL
    code: CodeText = Field(description="The six digits.", examples=["424242"])


class OfficeContact(Output):
    office: str = Field(
        description="学校标识码 of the institution, ten digits, or the two digits of the province.",
        examples=["4199999001"],
    )
    email_masked: str | None = Field(
        description="The proven address, masked; null: none, and nobody is told.", examples=["r***@example.edu"]
    )
    proven_at: Moment | None = Field(description="When it was proven; null: none is set.", examples=[_TIME])
    told_at: Moment | None = Field(
        description="When a message to the office was last put into the outbox, to this address or a former one; null: "
        "never.",
        examples=[_TIME],
    )
    told_every: int = Field(description="Seconds between two messages, at least.", examples=[3600])
