"""The numbers a service decides by, handed to it frozen; settings fill them. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """One-time codes and what one destination or address may ask for."""

    lifetime: int
    resend: int
    per_destination_day: int
    tries: int
    wrong_per_destination_day: int
    per_address_day: int
    abroad_per_day: int


@dataclass(frozen=True, slots=True)
class ChallengePolicy:
    """Proof of work: how dear, how long, and when it becomes dearer."""

    lifetime: int
    cost: int
    doubles_every: int
    per_address_minute: int


@dataclass(frozen=True, slots=True)
class RegistrationPolicy:
    """What one proven phone may do."""

    proof_lifetime: int
    documents_per_proof: int


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long a session, its refresh tokens and its assurance last."""

    access_lifetime: int
    refresh_grace: int
    idle: int
    absolute: int
    verified: int


@dataclass(frozen=True, slots=True)
class FailureLimits:
    """Failures after which a challenge must come along, and after which each further one means waiting."""

    before_challenge: int
    before_wait: int


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """When failures cost something, and what a login ticket allows.

    `of_one` counts one login name from one network or device, `of_strangers` from everywhere but its owner's devices.
    `waits` follow each other; the last holds for all further failures.
    """

    of_one: FailureLimits
    of_strangers: FailureLimits
    waits: tuple[int, ...]
    remembered: int
    failures_per_address_hour: int
    per_address_minute: int
    per_device_minute: int
    ticket_lifetime: int
    ticket_tries: int
    factor_tries_per_day: int
    facts_per_person_day: int


def doubling_waits(first: int, longest: int) -> tuple[int, ...]:
    """Each wait twice the one before, up to the longest."""
    waits = [min(first, longest)]
    while waits[-1] < longest:
        waits.append(min(waits[-1] * 2, longest))
    return tuple(waits)


@dataclass(frozen=True, slots=True)
class ThirdPartyPolicy:
    """How long somebody may be away at a provider, and when to ask a silent one again."""

    flow_lifetime: int
    retry_after: int


@dataclass(frozen=True, slots=True)
class FactorPolicy:
    """How often a second factor may be tried, and how many recovery codes there are."""

    tries_per_day: int
    recovery_codes: int
    issuer: str


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """Which domain passkeys belong to, where browsers may use them, how long a challenge is good, and how many."""

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]
    lifetime: int
    per_account: int


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """How long a change can be undone, where the link leads, and how long a closing account can come back."""

    undo: int
    front_end: str
    undo_per_address_minute: int
    closing: int
    changes_per_day: int
    confirmations_per_minute: int
    confirmation_tries: int
    confirmation_window: int
    exports_per_day: int


@dataclass(frozen=True, slots=True)
class RecoveryPolicy:
    """How long a recovery lives, how often it may be tried, and how long the owner may object to a weak one."""

    lifetime: int
    tries: int
    objection: int
    by_questions: bool
    per_identifier_day: int
    usernames_per_document_day: int
    facts_per_person_day: int
    per_address_minute: int
    undo: int


@dataclass(frozen=True, slots=True)
class IdempotencyPolicy:
    """How long an Idempotency-Key is kept, and when an operation without an answer counts as broken off."""

    kept: int
    longest_run: int
    per_address_minute: int


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """How often a person's facts may be guessed; and where a provider sends somebody back to."""

    lifetime: int
    classmates: int
    tries: int
    per_person_day: int
    per_account_day: int
    front_end: str
    retry_after: int


@dataclass(frozen=True, slots=True)
class HelpPolicy:
    """What one address or account may send to the help centre, and how long it is kept."""

    per_address_hour: int
    requests_per_address_day: int
    requests_per_account_day: int
    request_kept: int


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """How long each step of an identity case takes, and how often one may be asked for."""

    draft: int
    notice_unverified: int
    notice_verified: int
    undo: int
    review: int
    abandoned: int
    per_account: int
    submissions_per_document_day: int
    submissions_per_account_day: int
    classmates_needed: int
    classmates_asked: int
    vouchings_per_year: int
    objections_per_address_minute: int
    front_end: str


@dataclass(frozen=True, slots=True)
class PhotoPolicy:
    """How many hand-held photos are taken, how long they are kept after the decision, and how long it takes."""

    per_account_day: int
    per_case: int
    kept: int
    draft: int
    result: int
    review: int


@dataclass(frozen=True, slots=True)
class StaffPolicy:
    """How staff come in and go, how long they stay, and how long a case is one reviewer's."""

    invitation: int
    session: int
    idle: int
    codes_per_day: int
    disabled_per_day: int
    failure_window: int
    assignment: int
    issuer: str
    front_end: str


@dataclass(frozen=True, slots=True)
class RecordPolicy:
    """The calendar of records: (month, day) in China of the freeze and of the school year, months to register in.

    And how long a photo that was replaced is kept, and how many of a record and kind at most.
    """

    freeze: tuple[int, int]
    school_year_begins: tuple[int, int]
    registration_months: int
    transfer: int
    earlier_photo_kept: int
    earlier_photos: int


@dataclass(frozen=True, slots=True)
class RecordListPolicy:
    """How many records a page of a search looks at, how many a piece of an export has, and exports a day."""

    seen_by_page: int
    export_rows: int
    exports_per_day: int


@dataclass(frozen=True, slots=True)
class ProofPolicy:
    """How long a photo proof waits for its confirmation, and how often a day one may speak of one record."""

    confirmation: int
    per_day: int


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """How often a day records are asked for, how much alike one must be to be told, and how long what waits."""

    per_day: int
    equal_fields: int
    draft: int
    school: int
    province: int
    notice: int
    undo: int


@dataclass(frozen=True, slots=True)
class CorrectionPolicy:
    """How often a day records are corrected, how long each may have it, and how often a school may send it back."""

    per_day: int
    school: int
    province: int
    returned: int
    returns: int


@dataclass(frozen=True, slots=True)
class OfficePolicy:
    """How often an office is told at most, which deadlines are near, and codes to prove an address a day and member."""

    every: int
    near: int
    codes_per_day: int
    front_end: str


@dataclass(frozen=True, slots=True)
class ImportPolicy:
    """How much schools upload, how long a process may be silent, and how long everything is kept."""

    per_institution_hour: int
    most_open: int
    chunk_rows: int
    lease: int
    most_attempts: int
    kept: int
    poll: float
    stream: float


@dataclass(frozen=True, slots=True)
class RobotPolicy:
    """How much the robot is told, by whom, and how long it is kept."""

    longest: int
    per_conversation_minute: int
    per_address_hour: int
    kept: int
    kept_with_account: int
    unanswered_kept: int
    log: bool


@dataclass(frozen=True, slots=True)
class OutboxPolicy:
    """How messages are taken and tried again, and how many of each channel a day may cost."""

    poll: float
    lease: int
    tries: int
    lost_answers: int
    per_day: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HashingPolicy:
    """Argon2id's cost and the bounds of the queue in front of it."""

    memory_kib: int
    passes: int
    threads: int
    queue: int
    longest_wait_seconds: float
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class PicturePolicy:
    """Which uploaded pictures are taken, and how far one may be reduced; core/picture_reading.py says why so far.

    `most_pixels` bounds memory too: at most two such pictures, four bytes a pixel, are in it at once.
    From the last two measures on, percent of steepness and the card's share of the long side, a hint is good.
    """

    largest_bytes: int
    fit_bytes: int
    most_pixels: int
    smallest_side: int
    long_side: int
    best_quality: int
    lowest_quality: int
    longest_seconds: float
    good_sharpness: float
    good_card: float
