"""What students say of their records."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from xuexin_api.schemas.types import Id, Input, Moment, Output

FieldName = Literal[
    "name",
    "sex",
    "birth_date",
    "ethnicity",
    "document_number",
    "institution",
    "level",
    "programme",
    "duration_years",
    "category",
    "study_form",
    "branch",
    "department",
    "class_name",
    "student_number",
    "candidate_number",
    "admission_date",
    "status",
    "expected_graduation_date",
    "admission_photo",
]
PhotoFault = Literal["another_person", "outdated", "unclear", "damaged"]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"
_UNTIL = Field(
    description="The last day, where the record will freeze for graduation; null where that is not in sight, or over.",
    examples=["2027-06-30"],
)


class CorrectRecord(Input):
    result: Literal["correct"] = Field(description="All of it is right.", examples=["correct"])


class WrongRecord(Input):
    result: Literal["wrong"] = Field(description="Some of it is wrong.", examples=["wrong"])
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=20)] = Field(
        description="Which fields; what they should be is for the school, with proof.", examples=[["class_name"]]
    )


CheckRequest = Annotated[CorrectRecord | WrongRecord, Field(discriminator="result")]


class RecordCheck(Output):
    id: Id = Field(examples=[_ID])
    wrong_fields: list[FieldName] = Field(description="None: all of it is right.", examples=[[]])
    at: Moment = Field(description="When it was said.", examples=[_TIME])
    outdated: bool = Field(description="The record changed since.", examples=[False])


class CheckState(Output):
    open: bool = Field(description="Whether the record can be checked now.", examples=[True])
    until: date | None = _UNTIL
    last: RecordCheck | None = Field(
        description="核对: what the student said last; null: nothing so far.", examples=[None]
    )


class RightPhoto(Input):
    answer: Literal["right"] = Field(description="The photo is right.", examples=["right"])


class WrongPhoto(Input):
    answer: Literal["wrong"] = Field(description="Something is wrong with the photo.", examples=["wrong"])
    fault: PhotoFault = Field(description="What is wrong with it.", examples=["another_person"])


PhotoProofRequest = Annotated[RightPhoto | WrongPhoto, Field(discriminator="answer")]


class PhotoProofConfirmation(Input):
    proof_id: Id = Field(description="Of the answer that is to count, from `POST …/photo-proof`.", examples=[_ID])


class PhotoProof(Output):
    id: Id = Field(examples=[_ID])
    answer: Literal["right", "wrong"] = Field(description="What the student said of the photo.", examples=["right"])
    fault: PhotoFault | None = Field(description="What is wrong, with `wrong`; null with `right`.", examples=[None])
    state: Literal["to_confirm", "confirmed", "expired", "outdated"] = Field(
        description="It counts when `confirmed`; `outdated`: the school gave another photo since.",
        examples=["to_confirm"],
    )
    created_at: Moment = Field(description="When it was said.", examples=[_TIME])
    expires_at: Moment = Field(description="Not to be confirmed after.", examples=[_TIME])
    confirmed_at: Moment | None = Field(
        description="When it was confirmed, and began to count; null: not so far.", examples=[None]
    )


class PhotoProofState(Output):
    open: bool = Field(description="Whether something can be said of the photo now.", examples=[True])
    until: date | None = _UNTIL
    photo_available: bool = Field(description="Whether the graduation photo is there.", examples=[True])
    last: PhotoProof | None = Field(
        description="图像校对: what the student said last; null: nothing so far.", examples=[None]
    )
