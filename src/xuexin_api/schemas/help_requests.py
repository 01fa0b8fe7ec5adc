"""Questions to a person."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.types import Id, Input, Moment, NextCursor, Output, Secret

_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
RequestText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
ContactText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


class CreateHelpRequest(Input):
    question: RequestText = Field(
        description="The question. No passwords and no codes, please.",
        examples=["我依法改过姓名，学籍还是旧名字，应当怎么办理？"],
    )
    contact: ContactText | None = Field(
        None,
        description="How a person may reach you; the answer stands here in any case.",
        examples=["lin@example.org"],
    )


class HelpRequest(Output):
    id: Id = Field(examples=[_ID])
    state: Literal["open", "answered", "closed"] = Field(
        description="Waiting, answered, or over.", examples=["answered"]
    )
    question: str = Field(description="As it was asked.", examples=["我依法改过姓名，学籍还是旧名字，应当怎么办理？"])
    answer: str | None = Field(
        description="What a person answered; null: nothing so far.", examples=["请带户口簿到学校学籍部门更正。"]
    )
    created_at: Moment = Field(description="When it was asked.", examples=["2026-11-24T09:00:00Z"])
    answered_at: Moment | None = Field(
        description="When a person answered; null: not yet.", examples=["2026-11-25T02:00:00Z"]
    )
    expires_at: Moment = Field(description="It is deleted then.", examples=["2027-02-22T09:00:00Z"])


class HelpRequestMade(HelpRequest):
    secret: str | None = Field(
        description="Without an account: send it to see what became of the request. Told once; null with an account.",
        examples=["5f1d7c0e9b3a4c2d8e6f0a1b2c3d4e5f5f1d7c0e9b3a4c2d8e6f0a1b2c3d4e5f"],
    )


class HelpRequestList(Output):
    items: list[HelpRequest] = Field(description="Newest first.")
    next_cursor: NextCursor


class CheckHelpRequest(Input):
    secret: Secret = Field(
        description="From the answer to `POST /v1/help/requests`.",
        examples=["5f1d7c0e9b3a4c2d8e6f0a1b2c3d4e5f5f1d7c0e9b3a4c2d8e6f0a1b2c3d4e5f"],
    )
