"""One class per refusal. `code` is the contract; the words for people live in content/messages/."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from xuexin_api.core.pictures import PictureRule, RuleName


class BrokenRuleError(ValueError):
    """A single value breaks a rule of the field; `code` says which, the caller knows where it stood."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a request that breaks a rule: a JSON pointer and the rule's code."""

    pointer: str
    code: str
    params: dict[str, object]


@dataclass(frozen=True, slots=True)
class Option:
    """Something the caller can do next; its title is looked up by id in the caller's language."""

    id: str


class RefusalError(Exception):
    """The service says no. Subclasses are the whole vocabulary of saying no."""

    status: ClassVar[int]
    code: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}
    members: ClassVar[tuple[str, ...]] = ()
    """Names of `params` that the problem document shows as members of its own."""

    def __init__(
        self,
        *,
        retry_after: int | None = None,
        options: tuple[Option, ...] = (),
        warning: Option | None = None,
        params: dict[str, object] | None = None,
    ) -> None:
        super().__init__(self.code)
        self.retry_after = retry_after
        self.options = options
        self.warning = warning
        self.params = params or {}


class InvalidRequestError(RefusalError):
    """The body is malformed or a field breaks a rule: every broken field is listed."""

    status = 422
    code = "invalid_request"

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__()
        self.problems = problems


class ContentEncodedError(RefusalError):
    """The body comes compressed; it would be read only after it grew."""

    status = 415
    code = "content_encoded"
    headers: ClassVar[dict[str, str]] = {"Accept-Encoding": "identity"}


class FormNeededError(RefusalError):
    """A file comes as multipart/form-data, and as nothing else."""

    status = 415
    code = "form_needed"


class ChallengeRejectedError(RefusalError):
    """The proof of work is wrong, late, spent, or was made for another purpose."""

    status = 403
    code = "challenge_rejected"


class ChallengeRequiredError(RefusalError):
    """After failures, or while the service is busy, a login needs a proof of work."""

    status = 403
    code = "challenge_required"


class TooManyOperationsError(RefusalError):
    """操作过于频繁，操作被禁止: wait until Retry-After."""

    status = 429
    code = "too_many_operations"


class DailyLimitReachedError(RefusalError):
    """This destination has had its messages or its wrong tries for the day."""

    status = 429
    code = "daily_limit_reached"


class AddressLimitedError(RefusalError):
    """Too much comes from one source address."""

    status = 429
    code = "address_limited"


class CodeRejectedError(RefusalError):
    """Wrong, late, used, dead, unknown, or another's: which of these is not told."""

    status = 403
    code = "code_rejected"


class PhoneProofRejectedError(RefusalError):
    """The phone proof is unknown, late or used."""

    status = 403
    code = "phone_proof_rejected"


class PhoneProofExhaustedError(RefusalError):
    """One phone proof has tried as many documents as it may."""

    status = 403
    code = "phone_proof_exhausted"


class PhoneBusyError(RefusalError):
    """手机号码忙: another operation with the same phone is under way."""

    status = 409
    code = "phone_busy"


class PhoneRegisteredError(RefusalError):
    """The proven phone belongs to an account; the options say what to do."""

    status = 409
    code = "phone_registered"


class DocumentRegisteredError(RefusalError):
    """证件号码已被注册; the options say what to do, and the warning what re-registering does elsewhere."""

    status = 409
    code = "document_registered"


class DocumentUnderReviewError(RefusalError):
    """Somebody's claim to this document waits for a decision."""

    status = 409
    code = "document_under_review"


class WarningNotAcknowledgedError(RefusalError):
    """Re-registering has effects elsewhere: whoever asks for it says first that the warning was read."""

    status = 409
    code = "warning_not_acknowledged"


class OperationInProgressError(RefusalError):
    """The same Idempotency-Key is being answered just now."""

    status = 409
    code = "operation_in_progress"


class IdempotencyKeyReusedError(RefusalError):
    """This Idempotency-Key came before with another body."""

    status = 409
    code = "idempotency_key_reused"


class AlreadyDoneError(RefusalError):
    """It was done under this Idempotency-Key, and its answer held secrets, which are told once."""

    status = 409
    code = "already_done"


class OutcomeUnknownError(RefusalError):
    """It was begun under this Idempotency-Key and broke off; whether it was done must be looked at."""

    status = 409
    code = "outcome_unknown"


class LoginRejectedError(RefusalError):
    """Wrong, whatever of it was wrong."""

    status = 401
    code = "login_rejected"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="xuexin"'}


class TicketRejectedError(RefusalError):
    """The login ticket is unknown, late, used or tried out, or does not ask for this factor."""

    status = 401
    code = "ticket_rejected"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="xuexin"'}


class TokenMissingError(RefusalError):
    """No access token came with the request."""

    status = 401
    code = "token_missing"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="xuexin"'}


class TokenInvalidError(RefusalError):
    """The access token is not ours, has expired, or its session has ended."""

    status = 401
    code = "token_invalid"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="xuexin", error="invalid_token"'}


class RefreshRejectedError(RefusalError):
    """The refresh token is not ours, was used before, or its session has ended."""

    status = 401
    code = "refresh_rejected"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="xuexin", error="invalid_token"'}


class PasswordRejectedError(RefusalError):
    """The password that was to confirm a change is wrong."""

    status = 403
    code = "password_rejected"


class OldChannelNeededError(RefusalError):
    """A code to the old phone is needed, or a fresh identity verification where it is lost."""

    status = 403
    code = "old_channel_needed"


class EmailRegisteredError(RefusalError):
    """Another account has proven this address."""

    status = 409
    code = "email_registered"


class UndoRejectedError(RefusalError):
    """The secret is unknown, late or used, or what it would put back is somebody else's now."""

    status = 403
    code = "undo_rejected"


class ConsentRequiredError(RefusalError):
    """The service cannot go on without this consent: withdrawing it means closing the account."""

    status = 409
    code = "consent_required"


class ClosingRejectedError(RefusalError):
    """Name or document number are not the account's, or it cannot be closed in its state."""

    status = 403
    code = "closing_rejected"


class FactorSetError(RefusalError):
    """The account has this second factor already."""

    status = 409
    code = "factor_set"


class FactorNotSetError(RefusalError):
    """The account has no second factor."""

    status = 409
    code = "factor_not_set"


class ConfirmationRejectedError(RefusalError):
    """The password or the second factor that was to confirm a change is wrong; which, is not said."""

    status = 403
    code = "confirmation_rejected"


class LastFactorError(RefusalError):
    """Without this factor the member could not log in any more."""

    status = 409
    code = "last_factor"


class PasskeyRejectedError(RefusalError):
    """A passkey's answer that does not fit what was asked, came late or twice, or is of a passkey that is set."""

    status = 403
    code = "passkey_rejected"


class PasskeyNotFoundError(RefusalError):
    """The account has no such passkey."""

    status = 404
    code = "passkey_not_found"


class PasskeyLimitReachedError(RefusalError):
    """The account has as many passkeys as it may."""

    status = 409
    code = "passkey_limit_reached"


class ProviderNotOpenError(RefusalError):
    """This provider is not open here: its settings were not given."""

    status = 404
    code = "provider_not_open"


class ThirdPartyRejectedError(RefusalError):
    """State or secret are unknown, late, used, or of another client or account, or the provider knows no such code."""

    status = 403
    code = "third_party_rejected"


class ThirdPartyNotLinkedError(RefusalError):
    """Who somebody is at the provider is linked to no account."""

    status = 403
    code = "third_party_not_linked"


class ThirdPartyTakenError(RefusalError):
    """Another account has linked this identity of the provider."""

    status = 409
    code = "third_party_taken"


class ThirdPartySetError(RefusalError):
    """The account has linked an identity of this provider already."""

    status = 409
    code = "third_party_set"


class LinkNotFoundError(RefusalError):
    """The account has linked no identity of this provider."""

    status = 404
    code = "link_not_found"


class ProviderAnsweredWronglyError(RefusalError):
    """The provider's answer is malformed, too large, unsigned, or signed by somebody else."""

    status = 502
    code = "provider_answered_wrongly"


class ProviderUnavailableError(RefusalError):
    """The provider does not answer, or not in time: come back after Retry-After."""

    status = 503
    code = "provider_unavailable"


class SessionNotFoundError(RefusalError):
    """No living session of the asker's own account has this id."""

    status = 404
    code = "session_not_found"


class InsufficientUserAuthenticationError(RefusalError):
    """RFC 9470: this needs a fresh identity verification; `methods` lists the ways, and why some are closed."""

    status = 401
    code = "insufficient_user_authentication"

    def __init__(self, *, max_age: int, methods: list[dict[str, Any]]) -> None:
        super().__init__()
        self.methods = methods
        self.headers = {  # type: ignore[misc]
            "WWW-Authenticate": 'Bearer error="insufficient_user_authentication", '
            f'acr_values="urn:xuexin:acr:verified", max_age="{max_age}"'
        }


class MethodNotAvailableError(RefusalError):
    """This way of verification is not open to this account; the methods list says why."""

    status = 409
    code = "method_not_available"


class VerificationNotFoundError(RefusalError):
    """No pending verification of this session has this id."""

    status = 404
    code = "verification_not_found"


class VerificationClosedError(RefusalError):
    """The verification is in a state in which this cannot be done; handed in, it waits for its reviewer."""

    status = 409
    code = "verification_closed"


class FactsDoNotMatchError(RefusalError):
    """At least one answer does not match; never which."""

    status = 403
    code = "facts_do_not_match"


class RecoveryRejectedError(RefusalError):
    """The recovery is unknown, late, used, tried out, or not proven: which of these is not told."""

    status = 403
    code = "recovery_rejected"


class WayNotOfferedError(RefusalError):
    """This recovery was not offered this way."""

    status = 409
    code = "way_not_offered"


class RecoveryWaitingError(RefusalError):
    """Proven by weak evidence: the owner may object until the time in Retry-After has passed."""

    status = 409
    code = "recovery_waiting"


class SecondFactorNeededError(RefusalError):
    """The account has a second factor, and nothing skips it; the options name what would do."""

    status = 403
    code = "second_factor_needed"


class RecoveryObjectedError(RefusalError):
    """Somebody logged in to the account while its recovery waited: its owner has all that is needed."""

    status = 409
    code = "recovery_objected"


class IdentityCaseNeededError(RefusalError):
    """The facts are right and too weak for this account: people must look."""

    status = 409
    code = "identity_case_needed"


class IdentityHeldError(RefusalError):
    """Another account is verified as this person."""

    status = 409
    code = "identity_held"


class NoConflictError(RefusalError):
    """A case is opened by an account in conflict, and this account is in none."""

    status = 409
    code = "no_conflict"


class CaseExistsError(RefusalError):
    """The account has a living case, and one is enough."""

    status = 409
    code = "case_exists"


class CaseNotFoundError(RefusalError):
    """No case of this id concerns the asker."""

    status = 404
    code = "case_not_found"


class CaseClosedError(RefusalError):
    """The case is in a state in which this cannot be done (any more)."""

    status = 409
    code = "case_closed"


class CaseLimitReachedError(RefusalError):
    """This account has opened as many cases, or as many classmates were asked, as may be."""

    status = 409
    code = "case_limit_reached"


class EvidenceNeededError(RefusalError):
    """A case without evidence cannot be handed in."""

    status = 409
    code = "evidence_needed"


class StrongerEvidenceNeededError(RefusalError):
    """Whoever holds the document has proven it strongly: weak evidence does not contest that."""

    status = 409
    code = "stronger_evidence_needed"


class ObjectionRejectedError(RefusalError):
    """The link is unknown or late, or the objection was made before."""

    status = 403
    code = "objection_rejected"


class CaseOvertakenError(RefusalError):
    """A later decision stands on this one, which cannot be undone before it."""

    status = 409
    code = "case_overtaken"


class HolderChangedError(RefusalError):
    """Somebody else proved to be the person in the same moment, and is told first: the same is to be asked again."""

    status = 409
    code = "holder_changed"


class VouchingNotFoundError(RefusalError):
    """Nobody asked this account to vouch under this id, or it has answered, or nothing is gathered any more."""

    status = 404
    code = "vouching_not_found"


class VouchedForOnlyError(RefusalError):
    """Whom classmates let in verifies by face or photos before they vouch: the facts stand in the archive."""

    status = 403
    code = "vouched_for_only"


class VouchingCodeRejectedError(RefusalError):
    """The code that the applicant tells his classmates in person is wrong."""

    status = 403
    code = "vouching_code_rejected"


class InvitationRejectedError(RefusalError):
    """The invitation to enrol is unknown, late or used."""

    status = 403
    code = "invitation_rejected"


class RoleNotAllowedError(RefusalError):
    """The member of staff is logged in, and this is not for their role."""

    status = 403
    code = "role_not_allowed"


class StaffMemberNotFoundError(RefusalError):
    """No member of staff has this id."""

    status = 404
    code = "staff_member_not_found"


class DisablingYourselfError(RefusalError):
    """An operator is disabled by another one, or on the command line."""

    status = 409
    code = "disabling_yourself"


class CaseTakenError(RefusalError):
    """Another reviewer has the case."""

    status = 409
    code = "case_taken"


class CaseNotAssignedError(RefusalError):
    """The case is not assigned to the asker (any more): take it first."""

    status = 403
    code = "case_not_assigned"


class NotYoursToDecideError(RefusalError):
    """The reviewer has to do with the case, or decided in it before."""

    status = 403
    code = "not_yours_to_decide"


class RecordNotFoundError(RefusalError):
    """No such record of the asker's own."""

    status = 404
    code = "record_not_found"


class ChangeNotAllowedError(RefusalError):
    """No way leads from the record's status by this change; which ways there are is told."""

    status = 409
    code = "change_not_allowed"
    members: ClassVar[tuple[str, ...]] = ("allowed",)


class RecordFrozenError(RefusalError):
    """What a certificate will say stands, from 1 July until the graduates have theirs."""

    status = 409
    code = "record_frozen"


class RegistrationPeriodOverError(RefusalError):
    """A new student is registered within three months of entry; after that the province must agree."""

    status = 409
    code = "registration_period_over"


class GraduationPhotoMissingError(RefusalError):
    """Without a graduation photo no 学历 is registered."""

    status = 409
    code = "graduation_photo_missing"


class CertificateNumberTakenError(RefusalError):
    """Another certificate has this number."""

    status = 409
    code = "certificate_number_taken"


class RecordChangedError(RefusalError):
    """Somebody changed the record since the asker read it: read again, then decide again."""

    status = 412
    code = "record_changed"


class VersionNeededError(RefusalError):
    """A change says in If-Match which version of the record it was decided on."""

    status = 428
    code = "version_needed"


class TransferNotFoundError(RefusalError):
    """No transfer of the asker's school, or not its part in it."""

    status = 404
    code = "transfer_not_found"


class TransferRequestedError(RefusalError):
    """The record has a transfer that waits for an answer."""

    status = 409
    code = "transfer_requested"


class TransferClosedError(RefusalError):
    """The transfer was answered, taken back, or waited too long."""

    status = 409
    code = "transfer_closed"


class StudentNumberInUseError(RefusalError):
    """The school has this student number already."""

    status = 409
    code = "student_number_in_use"


class CandidateNumberInUseError(RefusalError):
    """Another student of the school has this candidate number."""

    status = 409
    code = "candidate_number_in_use"


class ClaimNotMatchedError(RefusalError):
    """No record with these numbers, or not enough proof to be told of it: one answer, whichever it is."""

    status = 403
    code = "claim_not_matched"


class RecordShowsError(RefusalError):
    """The record is the caller's already, and shows under `enrollment_id`."""

    status = 409
    code = "record_shows"
    members: ClassVar[tuple[str, ...]] = ("enrollment_id",)


class ClaimNotFoundError(RefusalError):
    """No claim of the caller's account, or none that was handed in to the asker's school."""

    status = 404
    code = "claim_not_found"


class ClaimClosedError(RefusalError):
    """The claim is in a state in which this cannot be done, or the record went to somebody meanwhile."""

    status = 409
    code = "claim_closed"


class CorrectionNotFoundError(RefusalError):
    """No correction of the caller's account, or none that waits for the asker's desk."""

    status = 404
    code = "correction_not_found"


class CorrectionOpenError(RefusalError):
    """One correction of a record at a time: another waits for its decision, or was returned."""

    status = 409
    code = "correction_open"


class CorrectionClosedError(RefusalError):
    """The correction is in a state in which this cannot be done (any more), or the record went to somebody else."""

    status = 409
    code = "correction_closed"


class CorrectionUnfitError(RefusalError):
    """The record changed since, and what was asked for does not fit it any more: `fields` says which."""

    status = 409
    code = "correction_unfit"
    members: ClassVar[tuple[str, ...]] = ("fields",)


class ProvinceNeededError(RefusalError):
    """The school may not apply this by itself: `why` says what makes it the province's to decide."""

    status = 409
    code = "province_needed"
    members: ClassVar[tuple[str, ...]] = ("why",)


class RecordHeldError(RefusalError):
    """An account was verified as whose the record is: only the province may give it to another."""

    status = 409
    code = "record_held"


class RecordTransferredError(RefusalError):
    """The record went to another school while the claim waited: only the province may give both."""

    status = 409
    code = "record_transferred"


class ClaimNoticeRunningError(RefusalError):
    """Whoever holds the record was told not long enough ago to have been heard; that is so from `grant_from` on."""

    status = 409
    code = "claim_notice_running"
    members: ClassVar[tuple[str, ...]] = ("grant_from",)


class ObjectionLateError(RefusalError):
    """A grant can be objected to for some time, which was over at `object_until`."""

    status = 409
    code = "objection_late"
    members: ClassVar[tuple[str, ...]] = ("object_until",)


class ObjectionUnreadError(RefusalError):
    """Whoever holds the record objects, and the decision does not say that this was read."""

    status = 409
    code = "objection_unread"


class ProofingClosedError(RefusalError):
    """The student has left, or graduation data are frozen: what is wrong now is for the school to hear."""

    status = 409
    code = "proofing_closed"


class ProofNotOpenError(RefusalError):
    """Nothing waits for this confirmation: confirmed before, too late, or the photo is another by now."""

    status = 409
    code = "proof_not_open"


class PhotoNotFoundError(RefusalError):
    """The record is there, this photo of it is not."""

    status = 404
    code = "photo_not_found"


class PictureRefusedError(RefusalError):
    """An uploaded picture that is not taken: every rule that was looked at, the last of which is broken.

    Whoever keeps the try adds as `params` under which id, and what arrived.
    """

    members: ClassVar[tuple[str, ...]] = ("photo_id", "received_sha256", "received_bytes")
    rule: ClassVar[RuleName]
    """The rule that this refusal is about."""

    def __init__(
        self,
        *,
        rules: tuple[PictureRule, ...] = (),
        params: dict[str, object] | None = None,
        options: tuple[Option, ...] = (),
    ) -> None:
        super().__init__(params=params, options=options)
        self.rules = rules


class PictureTooLargeError(PictureRefusedError):
    """More bytes than are taken; the options say whether it would be taken and reduced."""

    status = 413
    code = "picture_too_large"
    rule = "size"


class PictureFarTooLargeError(PictureRefusedError):
    """More bytes than are read, and so not read: nobody knows what it is."""

    status = 413
    code = "picture_far_too_large"
    rule = "size"
    members: ClassVar[tuple[str, ...]] = ("photo_id", "received_bytes")


class PictureKindUnknownError(PictureRefusedError):
    """Its content is no JPEG, PNG or GIF, whatever it is called."""

    status = 415
    code = "picture_kind_unknown"
    rule = "kind"


class PictureTruncatedError(PictureRefusedError):
    """The file ends before the picture does."""

    status = 422
    code = "picture_truncated"
    rule = "whole"


class PictureNotAloneError(PictureRefusedError):
    """The file is something else as well, or bytes follow the picture."""

    status = 422
    code = "picture_not_alone"
    rule = "alone"


class PictureAnimatedError(PictureRefusedError):
    """It moves: a reviewer looks at one picture."""

    status = 422
    code = "picture_animated"
    rule = "single"


class PictureBombError(PictureRefusedError):
    """Something in it grows without measure when it is unpacked."""

    status = 422
    code = "picture_bomb"
    rule = "unpacking"


class PictureTooManyPixelsError(PictureRefusedError):
    """More pixels than are decoded, by what the file says of itself."""

    status = 422
    code = "picture_too_many_pixels"
    rule = "pixels"


class PictureTooSmallError(PictureRefusedError):
    """So few pixels that nobody could read a document in it."""

    status = 422
    code = "picture_too_small"
    rule = "pixels"


class PictureDamagedError(PictureRefusedError):
    """It cannot be drawn."""

    status = 422
    code = "picture_damaged"
    rule = "readable"


class PictureDoesNotFitError(PictureRefusedError):
    """Reduced as far as its text stays readable, it is still too large."""

    status = 422
    code = "picture_does_not_fit"
    rule = "stored"


PICTURE_REFUSALS: Final = tuple(PictureRefusedError.__subclasses__())
"""Every reason why a picture is not taken."""


class StoredPhotoDamagedError(RefusalError):
    """The photo went bad where it lies, or its key is gone: an operator's matter, and no better when asked again."""

    status = 500
    code = "stored_photo_damaged"


class UploadNotFoundError(RefusalError):
    """No photo of this id is there to be looked at; its owner may have taken it back, or it was erased."""

    status = 404
    code = "upload_not_found"


class PhotoLimitReachedError(RefusalError):
    """As many photos as one case takes were sent, refused and replaced ones too."""

    status = 409
    code = "photo_limit_reached"


class PhotoSideMissingError(RefusalError):
    """Hand-held photos are of both sides of the card, or they are none."""

    status = 409
    code = "photo_side_missing"


class PhotosNotSeenError(RefusalError):
    """Whoever accepts photos has looked at each of them."""

    status = 409
    code = "photos_not_seen"


class ArticleNotFoundError(RefusalError):
    """The help centre has no article of this name."""

    status = 404
    code = "article_not_found"


class CategoryNotFoundError(RefusalError):
    """The help centre has no category of this id."""

    status = 404
    code = "category_not_found"


class ConversationNotFoundError(RefusalError):
    """No such dialogue, or its time has passed, or it is another account's."""

    status = 404
    code = "conversation_not_found"


class HelpRequestOverError(RefusalError):
    """The request is answered or closed already: of two operators the first did it."""

    status = 409
    code = "help_request_over"


class HelpRequestNotFoundError(RefusalError):
    """No request of the asker's has this id, or the secret is not its."""

    status = 404
    code = "help_request_not_found"


class ImportNotFoundError(RefusalError):
    """No import of the registrar's institution has this id."""

    status = 404
    code = "import_not_found"


class NothingRejectedError(RefusalError):
    """No row of the import was rejected, or none is known yet."""

    status = 404
    code = "nothing_rejected"


class ImportEndedError(RefusalError):
    """The import has ended: there is nothing to cancel or to publish."""

    status = 409
    code = "import_ended"


class ImportsWaitingError(RefusalError):
    """The institution has as many imports under way as it may."""

    status = 429
    code = "imports_waiting"


class StorageFullError(RefusalError):
    """What was uploaded cannot be kept: the disk is full or broken."""

    status = 503
    code = "storage_full"


class ServiceBusyError(RefusalError):
    """Too much work is waiting: come back after Retry-After."""

    status = 503
    code = "service_busy"


class NotForThisAddressError(RefusalError):
    """For operators only. As if there were nothing: the address is not for others to know of."""

    status = 404
    code = "not_found"


class NotReadyError(RefusalError):
    """What the service needs, its database above all, does not answer or is not ready."""

    status = 503
    code = "not_ready"


def every_refusal(of: type[RefusalError] = RefusalError) -> Iterator[type[RefusalError]]:
    """The whole vocabulary: each class that has a code."""
    for refusal in of.__subclasses__():
        if "code" in vars(refusal):
            yield refusal
        yield from every_refusal(refusal)
