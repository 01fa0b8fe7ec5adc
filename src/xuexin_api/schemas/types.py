"""Named types of the contract."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)


class Input(BaseModel):
    """A request body: strict types, no field that is not named here."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Output(BaseModel):
    """An answer, built from what a service returned."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def parse_id(text: str) -> UUID:
    """The id as it is given out, in letters of either case, or ValueError: no braces, no `urn:`, dashes in place."""
    if _ID.fullmatch(text) is None:
        raise ValueError("not an id")
    return UUID(text)


def _id_of_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_id(value)
    except ValueError:
        raise PydanticCustomError("uuid_parsing", "not an id") from None


def _day_of_text(value: object) -> object:
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise PydanticCustomError("malformed", "not a date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("malformed", "no such day") from None


def _number_of_text(value: object) -> object:
    """Python reads `+5`, ` 5` and `1_0` as numbers, and other clients would not."""
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise PydanticCustomError("int_parsing", "not a number")
    return value


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Id = Annotated[UUID, BeforeValidator(_id_of_text), Field(description="UUID; opaque.")]
PLAINLY_WRITTEN: Final = BeforeValidator(_number_of_text)
"""For numbers in addresses. It stands after the bounds: before them, it would hide them from the contract."""
Moment = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
Day = Annotated[date, BeforeValidator(_day_of_text), Field(description="`YYYY-MM-DD`.")]
"""A day that somebody types; days in answers are plain dates."""
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
DocumentTypeName = Annotated[
    Literal["SFZ", "SFZ_GAT", "SFZ_HQ", "PASSPORT", "GAT_PERMIT", "QIT"],
    Field(
        description="证件类型: SFZ resident ID card, SFZ_GAT Hong Kong/Macao/Taiwan identity document, SFZ_HQ overseas "
        "Chinese, PASSPORT, GAT_PERMIT 来往内地通行证, QIT other."
    ),
]
Strength = Annotated[
    Literal["weak", "strong"],
    Field(description="How much it proves; that decides where several accounts claim one document number."),
]


Cursor = Annotated[str, StringConstraints(max_length=64)]
NextCursor = Annotated[
    str | None, Field(description="Send it as `cursor` for the next page; null on the last.", examples=[None])
]


class Choice(Output):
    """Something the caller can do next."""

    id: str = Field(description="What to do, for programs.", examples=["verify_identity"])
    title: str = Field(description="What to do, for people.", examples=["验证身份"])
