"""The service at one look."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.types import Moment, Output

WaitingKind = Literal[
    "identity_cases",
    "identity_verifications",
    "corrections",
    "claims_at_schools",
    "claims_at_provinces",
    "help_requests",
    "imports",
    "messages",
    "messages_given_up",
]


class WaitingCount(Output):
    what: WaitingKind = Field(
        description="`corrections` at schools and provinces; `imports` that are not judged yet; `messages` not sent "
        "yet; `messages_given_up`: those of the last 30 days of which it is not known that they left.",
        examples=["identity_cases"],
    )
    count: int = Field(description="How many; counted to 1,000.", examples=[3])
    more: bool = Field(description="There are more than were counted.", examples=[False])
    oldest_at: Moment | None = Field(
        description="Since when the oldest of those waits, of messages when it was written; null: none.",
        examples=["2026-11-24T08:00:00Z"],
    )


class Overview(Output):
    waiting: list[WaitingCount] = Field(description="Each kind once, also where nothing waits.")
    heads: list[str] = Field(
        description="The end of each chained log: keep them elsewhere, for `xuexin audit verify --expect`.",
        examples=[["staff_events:2:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]],
    )
