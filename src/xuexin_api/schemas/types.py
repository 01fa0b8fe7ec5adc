"""Named types of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints


class Input(BaseModel):
    """A request body: strict types, no field that is not named here."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Output(BaseModel):
    """An answer, built from what a service returned."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def _uuid_text(value: object) -> object:
    return UUID(value) if isinstance(value, str) and len(value) == 36 else value  # noqa: PLR2004


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Id = Annotated[UUID, BeforeValidator(_uuid_text), Field(description="An opaque id.")]
Moment = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=512)]
DeviceToken = Annotated[
    Secret | None,
    Field(
        description="Of this device, from its latest login: what strangers did today does not keep its owner waiting.",
        examples=[None],
    ),
]
OnPhoneRegistered = Annotated[
    Literal["take_over"] | None,
    Field(
        description="After `phone_registered`: the number was somebody else's before, and leaves it.",
        examples=[None],
    ),
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Purpose = Literal["registration", "login", "recovery", "contact_change", "closing", "verification"]
Sex = Literal["male", "female"]
DocumentTypeName = Literal["SFZ", "SFZ_GAT", "SFZ_HQ", "PASSPORT", "GAT_PERMIT", "QIT"]


Cursor = Annotated[str, StringConstraints(max_length=64)]
NextCursor = Annotated[
    str | None, Field(description="Send it as `cursor` for the next page; null on the last.", examples=[None])
]


class Choice(Output):
    """Something the caller can do next."""

    id: str = Field(description="What to do, for programs.", examples=["verify_identity"])
    title: str = Field(description="What to do, for people.", examples=["验证身份"])
