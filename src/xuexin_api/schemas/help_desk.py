"""Requests to people, as those who answer see them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.types import Id, Input, Moment, NextCursor, Output

LONGEST_ANSWER: Final = 4000
HelpRequestState = Literal["open", "answered", "closed"]
AnswerText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ANSWER)]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"


class WaitingHelpRequest(Output):
    id: Id = Field(examples=[_ID])
    state: HelpRequestState = Field(description="Waiting, answered, or over.", examples=["open"])
    with_account: bool = Field(description="Whether somebody asked who was logged in.", examples=[True])
    created_at: Moment = Field(description="When it was asked.", examples=["2026-11-24T09:00:00Z"])
    age_seconds: int = Field(description="How long ago that was.", examples=[5400])


class HelpRequestQueue(Output):
    items: list[WaitingHelpRequest] = Field(description="Oldest first.")
    next_cursor: NextCursor


class DeskHelpRequest(Output):
    id: Id = Field(examples=[_ID])
    state: HelpRequestState = Field(description="Waiting, answered, or over.", examples=["open"])
    with_account: bool = Field(description="Whether somebody asked who was logged in.", examples=[True])
    question: str = Field(description="As it was asked.", examples=["我依法改过姓名，学籍还是旧名字，应当怎么办理？"])
    contact: str | None = Field(
        description="How a person may reach the asker; null: they look here.", examples=["lin@example.org"]
    )
    answer: str | None = Field(description="What was answered; null: nothing so far.", examples=[None])
    created_at: Moment = Field(description="When it was asked.", examples=["2026-11-24T09:00:00Z"])
    answered_at: Moment | None = Field(description="When it was answered; null: not yet.", examples=[None])
    expires_at: Moment = Field(description="It is deleted then.", examples=["2027-02-22T09:00:00Z"])


class HelpRequestAnswer(Input):
    text: AnswerText = Field(
        description="The answer; the asker reads it, and not who wrote it.",
        examples=["请带户口簿到学校学籍部门更正。"],
    )
