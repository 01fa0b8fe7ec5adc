"""Claims to records that do not show, and former identities."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.archive import Enrollment
from xuexin_api.schemas.photos import ProofPicture
from xuexin_api.schemas.terms import CodedName, DocumentNumberMasked, School
from xuexin_api.schemas.types import (
    Choice,
    DocumentTypeName,
    Id,
    Input,
    Moment,
    NextCursor,
    Output,
    Sex,
    ShortText,
)

ClaimStateName = Annotated[
    Literal["draft", "school_review", "province_review", "granted", "declined", "withdrawn", "expired", "undone"],
    Field(
        description="`draft`: not handed in; `expired`: not in time. `school_review`, `province_review`: who decides. "
        "`granted`, `declined`, `withdrawn`: how it ended. `undone`: who granted it took it back."
    ),
]
HandedIn = Annotated[
    Literal["school_review", "province_review", "granted", "declined", "withdrawn", "undone"],
    Field(
        description="`school_review`, `province_review`: who decides. `granted`, `declined`, `withdrawn`: how it "
        "ended. `undone`: who granted it took it back."
    ),
]
IdentityField = Literal["name", "sex", "birth_date", "document_number"]
RecordKind = Annotated[
    Literal["qualification", "enrollment"],
    Field(description="By what it was found: `qualification` 学历, by its certificate; `enrollment` 学籍."),
]
InstitutionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Year = Annotated[int, Field(ge=1950, le=2100)]
_Note = Annotated[str, StringConstraints(min_length=1, max_length=500)] | None
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class _ByNumbers(Input):
    institution_code: InstitutionCode = Field(
        description="学校标识码 of the school, 10 digits.", examples=["4199990001"]
    )


class QualificationClaim(_ByNumbers):
    kind: Literal["qualification"] = Field(
        description="学历, by the number of its certificate.", examples=["qualification"]
    )
    certificate_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{17,18}$")] = Field(
        description="毕业证书编号: number of the certificate.", examples=["999901202705000001"]
    )
    graduation_year: Year = Field(description="Year of 毕业 or 结业, four digits.", examples=[2027])


class EnrollmentClaim(_ByNumbers):
    kind: Literal["enrollment"] = Field(description="学籍, by one of its two numbers.", examples=["enrollment"])
    candidate_number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")] | None = Field(
        default=None, description="考生号; null where 学号 is given.", examples=[None]
    )
    student_number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z-]{1,30}$")] | None = Field(
        default=None, description="学号, where 考生号 is not given.", examples=["2023010001"]
    )
    admission_year: Year = Field(description="Year of entry (入学年份), four digits.", examples=[2023])


ClaimRequest = Annotated[QualificationClaim | EnrollmentClaim, Field(discriminator="kind")]


class FormerDocument(Input):
    type: DocumentTypeName = Field(examples=["SFZ"])
    number: ShortText = Field(description="证件号码, whole, in any spelling.", examples=["110101200001010002"])


class ClaimSubmission(Input):
    statement: Annotated[str, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="Why the record is yours, for the school.", examples=["入学后更改过姓名和证件号码。"]
    )
    former_name: ShortText | None = Field(
        default=None,
        description="As the record has it. Whether it fits, only the school is told.",
        examples=["旧名同学"],
    )
    former_document: FormerDocument | None = Field(
        default=None,
        description="As the record has it. Whether it fits, only the school is told.",
        examples=[{"type": "SFZ", "number": "110101200001010002"}],
    )


class ClaimEvent(Output):
    kind: str = Field(description="What happened, for programs.", examples=["submitted"])
    title: str = Field(description="What happened, for people.", examples=["已提交学校"])
    actor: Literal["student", "holder", "school", "province", "service"] = Field(
        description="Who did it; `holder`: the account that has the record, `service`: the clock, or a rule.",
        examples=["student"],
    )
    reason: Choice | None = Field(description="Why; null where nobody says.", examples=[None])
    note: str | None = Field(description="In the words of school or province; null: none.", examples=[None])
    at: Moment = Field(description="When it happened.", examples=[_TIME])


class RecordClaim(Output):
    id: Id = Field(examples=[_ID])
    kind: RecordKind = Field(examples=["enrollment"])
    state: ClaimStateName = Field(examples=["draft"])
    title: str = Field(description="The state, for people.", examples=["待提交"])
    institution: School
    differing_fields: list[IdentityField] = Field(
        description="What of the record is not as the account was verified; never with which value.",
        examples=[["name", "document_number"]],
    )
    opened_at: Moment = Field(description="When it was found, and the draft was made.", examples=[_TIME])
    holder: Literal["student", "school", "province"] | None = Field(
        description="Whose move it is; null: it is over.", examples=["student"]
    )
    since: Moment = Field(description="Since when the holder has it, or it has ended.", examples=[_TIME])
    due_at: Moment | None = Field(
        description="Until when: a draft then expires, what the school leaves goes to its province; null: it is over.",
        examples=[_TIME],
    )
    overdue: bool = Field(description="The province is to have decided by now.", examples=[False])
    forwarded_at: Moment | None = Field(description="When it went to the province; null: it did not.", examples=[None])
    expires_at: Moment | None = Field(
        description="Of a draft: to be handed in before; null of others.", examples=[_TIME]
    )
    statement: str | None = Field(
        description="In the student's words, why the record is theirs; null of a draft.", examples=[None]
    )
    former_name: str | None = Field(
        description="The former name that the student said; null where none was.", examples=[None]
    )
    former_document_number_masked: str | None = Field(
        description="The former document number that the student said, masked; null where none was.", examples=[None]
    )
    submitted_at: Moment | None = Field(
        description="When it was handed in to the school; null of a draft.", examples=[None]
    )
    decided_at: Moment | None = Field(
        description="When it was granted, declined or undone; null: not so far.", examples=[None]
    )
    reason: Choice | None = Field(description="Why it was decided so; null where it is not.", examples=[None])
    note: str | None = Field(description="In the words of who decided; null: none.", examples=[None])
    undo_until: Moment | None = Field(
        description="Of a grant: who gave it can undo it until then; null of others.", examples=[None]
    )
    enrollment_id: Id | None = Field(description="Of a grant: where the record shows; null of others.", examples=[None])
    log: list[ClaimEvent] = Field(description="Everything that happened, oldest first.")
    next: list[Choice] = Field(description="What comes next.", examples=[[{"id": "submit_claim", "title": "提交学校"}]])


class RecordClaimList(Output):
    items: list[RecordClaim] = Field(description="Newest first, whatever became of them.")
    next_cursor: NextCursor


class FormerIdentity(Output):
    id: Id = Field(examples=[_ID])
    name: str = Field(description="曾用名: name of the student in that record until then.", examples=["旧名同学"])
    document_type: DocumentTypeName = Field(examples=["SFZ"])
    document_number_masked: DocumentNumberMasked
    institution: CodedName = Field(
        description="The school whose record has it.", examples=[{"code": "4199990001", "name": "示例大学"}]
    )
    since: date = Field(description="Known from the entry of that record on.", examples=["2023-09-01"])
    until: date = Field(description="When the claim was granted, or the record corrected.", examples=["2026-11-23"])
    undone_at: Moment | None = Field(
        description="When the school took its word back; null: it stands.", examples=[None]
    )


class FormerIdentityList(Output):
    items: list[FormerIdentity] = Field(description="Newest first; a person has few.")


class OfficeClaimLine(Output):
    id: Id = Field(examples=[_ID])
    state: HandedIn = Field(examples=["school_review"])
    kind: RecordKind = Field(examples=["enrollment"])
    differing_fields: list[IdentityField] = Field(
        description="What of the record is not as the account was verified; never with which value.",
        examples=[["document_number"]],
    )
    submitted_at: Moment | None = Field(description="When its student handed it in.", examples=[_TIME])
    since: Moment = Field(description="Since when it is in this state.", examples=[_TIME])
    due_at: Moment | None = Field(description="To be decided until; null once it was.", examples=[_TIME])
    overdue: bool = Field(description="The time is over, and nothing was decided.", examples=[False])
    objected: bool = Field(description="Whoever holds the record, or held it, objects.", examples=[False])
    decided_at: Moment | None = Field(
        description="When it was granted, declined or undone; null: not so far.", examples=[None]
    )


class OfficeClaimList(Output):
    items: list[OfficeClaimLine] = Field(description="Longest waiting first; of those that are over, the newest first.")
    next_cursor: NextCursor


class Claimant(Output):
    name: str = Field(description="As the account was verified.", examples=["示例同学"])
    sex: Sex = Field(description="As the account was verified.", examples=["female"])
    birth_date: date | None = Field(
        description="Of the account, as its document number says it; null where that says none.",
        examples=["2005-03-07"],
    )
    document_type: DocumentTypeName = Field(examples=["SFZ"])
    document_number_masked: DocumentNumberMasked
    verified_strength: Literal["weak", "strong"] | None = Field(
        description="By which evidence the account was verified; null where it is verified no more.",
        examples=["strong"],
    )
    former_name_fits: bool | None = Field(
        description="Whether the name that was said is the record's; null: none was.", examples=[True]
    )
    former_document_fits: bool | None = Field(
        description="Whether the number that was said is the record's; null: none was.", examples=[True]
    )
    known_before: bool = Field(
        description="A school granted before that the record's number was the claimant's.", examples=[False]
    )


class OfficeHolder(Output):
    told_at: Moment = Field(description="When the claim was told to the account.", examples=[_TIME])
    grant_from: Moment = Field(description="Not to be granted before.", examples=[_TIME])
    objected_at: Moment | None = Field(description="When the holder objected; null: not so far.", examples=[None])
    objection: str | None = Field(description="In the holder's words; null where there is none.", examples=[None])


class OfficeClaim(Output):
    claim: RecordClaim = Field(description="The claim, as its student reads it.")
    enrollment: Enrollment = Field(description="The record that is claimed.")
    claimant: Claimant = Field(description="Who asks for the record.")
    held: bool = Field(
        description="An account was verified as whose the record is: only the province can grant it away from there.",
        examples=[False],
    )
    holder: OfficeHolder | None = Field(
        description="Who was told, of whoever held the record since it was claimed; null: nobody.", examples=[None]
    )
    transferred_to: CodedName | None = Field(
        description="The school that took the student meanwhile: only the province grants, and both records go.",
        examples=[None],
    )
    proofs: list[ProofPicture] = Field(description="Pictures to look at, oldest first.")
    decisions: dict[str, list[str]] = Field(
        description="What can be said now, and for which reasons.",
        examples=[{"decline": ["proof_missing", "another_person"]}],
    )


class ClaimDecision(Input):
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["identity_changed"])
    note: _Note = Field(default=None, description="In words; the student reads it.", examples=["已核对户籍证明。"])
    objection_read: bool = Field(
        default=False, description="To grant where the holder objects: the objection was read.", examples=[False]
    )


class HeldClaim(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(description="The record that is claimed.", examples=[_ID])
    institution: School
    state: HandedIn = Field(examples=["province_review"])
    title: str = Field(description="The state, for people.", examples=["省级教育行政部门审核中"])
    told_at: Moment = Field(description="When you were told.", examples=[_TIME])
    grant_from: Moment = Field(description="The province cannot grant it before.", examples=[_TIME])
    objected_at: Moment | None = Field(description="When you objected; null: you did not.", examples=[None])
    objection: str | None = Field(description="In your words; null where you did not object.", examples=[None])
    decided_at: Moment | None = Field(
        description="When it was granted, declined or undone; null: not so far.", examples=[None]
    )
    reason: Choice | None = Field(description="Why it was decided so; null where it is not.", examples=[None])
    undo_until: Moment | None = Field(
        description="Of a grant: it can be undone until then, longer where somebody objects; null where it cannot.",
        examples=[None],
    )
    object_until: Moment | None = Field(
        description="Of a grant: you can object until then; null where there is none, and one objects before it.",
        examples=[None],
    )
    next: list[Choice] = Field(
        description="What can be done.", examples=[[{"id": "object_to_claim", "title": "提出异议"}]]
    )


class HeldClaimList(Output):
    items: list[HeldClaim] = Field(description="Newest first, whatever became of them.")
    next_cursor: NextCursor


class ClaimObjection(Input):
    words: Annotated[str, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="Why the record is yours, for whoever decides.", examples=["该学籍为本人所有，从未更改证件。"]
    )
