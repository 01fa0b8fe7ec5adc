"""找回: the username, the password, and the way where no channel is left."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRejectedError,
    CodeRejectedError,
    DailyLimitReachedError,
    FactorNotSetError,
    FactsDoNotMatchError,
    IdentityCaseNeededError,
    Option,
    PhoneBusyError,
    PhoneProofRejectedError,
    PhoneRegisteredError,
    RecoveryObjectedError,
    RecoveryRejectedError,
    RecoveryWaitingError,
    SecondFactorNeededError,
    ServiceBusyError,
    TooManyOperationsError,
    WayNotOfferedError,
)
from xuexin_api.dependencies.callers import RequestLanguage, RequestSource
from xuexin_api.dependencies.recovery import password_recovery_service, username_recovery_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.presentation import choices, recovery_way, second_factor
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.passkeys import RequestOffered, RequestOptions
from xuexin_api.schemas.recovery import (
    CodeConfirmation,
    PasswordRecovery,
    PasswordRecoveryBegun,
    QuestionsConfirmation,
    RecoveryCodeSent,
    RecoveryCompleted,
    RecoveryCompletion,
    RecoveryConfirmation,
    RecoveryProven,
    RecoverySecret,
    RecoverySending,
    UsernameRecovery,
    UsernameRecoveryTaken,
)
from xuexin_api.schemas.types import Id
from xuexin_api.services.codes.phone_binding import NewPhone
from xuexin_api.services.recovery.password_recovery import (
    NO_CHANNEL_LEFT,
    PasswordRecoveryService,
    SecurityProof,
)
from xuexin_api.services.recovery.username_recovery import NEXT, UsernameRecoveryService

router = APIRouter(prefix="/v1/recovery", tags=["recovery"], route_class=StrictRoute)
Recoveries = Annotated[PasswordRecoveryService, Depends(password_recovery_service)]
RecoveryId = Annotated[
    Id,
    Path(
        description="From the answer that began the recovery; not a secret.",
        examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"],
    ),
]


@router.post(
    "/username",
    status_code=202,
    summary="Have the username sent to the account's own channels",
    openapi_extra=once(secret=False),
    responses=refusals(ChallengeRejectedError, TooManyOperationsError, AddressLimitedError),
)
async def recover_username(
    body: UsernameRecovery,
    source: RequestSource,
    language: RequestLanguage,
    recovery: Annotated[UsernameRecoveryService, Depends(username_recovery_service)],
) -> UsernameRecoveryTaken:
    """Always the same answer. If name and document are an account's, its phone and its proven e-mail get the username.

    The document number is a login name as well: whoever knows it needs no other.
    """
    await recovery.ask(**body.model_dump(), network=source.network)
    return UsernameRecoveryTaken(next=choices(NEXT, language))


@router.post(
    "/password",
    status_code=201,
    summary="Begin to recover the password",
    openapi_extra=once(secret=True),
    responses=refusals(ChallengeRejectedError, TooManyOperationsError, AddressLimitedError),
)
async def begin_password_recovery(
    body: PasswordRecovery, source: RequestSource, language: RequestLanguage, recoveries: Recoveries
) -> PasswordRecoveryBegun:
    """Username, name and document number together name the account, and get the ways that it has.

    Three that name none get ways as well, shaped like an account's and the same each time.
    """
    begun = await recoveries.begin(**body.model_dump(), network=source.network)
    return PasswordRecoveryBegun(
        id=begun.id,
        secret=begun.secret,
        expires_in=begun.expires_in,
        ways=[recovery_way(way, language) for way in begun.ways],
        no_channel_left=choices(NO_CHANNEL_LEFT, language),
    )


@router.post(
    "/password/{recovery_id}/send",
    status_code=202,
    summary="Send a code by one of the ways",
    openapi_extra=once(secret=False),
    responses=refusals(
        RecoveryRejectedError, WayNotOfferedError, TooManyOperationsError, DailyLimitReachedError, AddressLimitedError
    ),
)
async def send_recovery_code(
    recovery_id: RecoveryId, body: RecoverySending, source: RequestSource, recoveries: Recoveries
) -> RecoveryCodeSent:
    """The code goes where the account has it, and the answer is the same where there is no account.

    A destination that had its messages of the day gets no more, and the answer is the same.
    """
    sent = await recoveries.send(
        recovery_id, body.secret, body.way, device_token=body.device_token, network=source.network
    )
    return RecoveryCodeSent(expires_in=sent.lifetime, resend_in=sent.resend)


@router.post(
    "/password/{recovery_id}/confirm",
    summary="Prove to be the owner",
    openapi_extra=once(secret=False),
    responses=refusals(
        RecoveryRejectedError,
        CodeRejectedError,
        FactsDoNotMatchError,
        WayNotOfferedError,
        IdentityCaseNeededError,
        TooManyOperationsError,
        AddressLimitedError,
        ServiceBusyError,
    ),
)
async def confirm_recovery(
    recovery_id: RecoveryId, body: RecoveryConfirmation, source: RequestSource, recoveries: Recoveries
) -> RecoveryProven:
    """By a code; by the security questions together with the candidate number; or by facts of the record alone.

    Facts alone are weak: they open only an account that was never verified, a new phone takes the place of the lost
    one, and first the old channels are told and may object for 24 hours. An account that was verified needs a case.
    """
    network = source.network
    if isinstance(body, CodeConfirmation):
        proven = await recoveries.confirm_code(
            recovery_id, body.secret, body.way, body.code, device_token=body.device_token, network=network
        )
    elif isinstance(body, QuestionsConfirmation):
        answers = {answer.question_id: answer.answer for answer in body.answers}
        proof = SecurityProof(answers, body.candidate_number)
        proven = await recoveries.confirm_questions(recovery_id, body.secret, proof, network=network)
    else:
        facts = {str(question): answer for question, answer in body.answers.items()}
        proven = await recoveries.confirm_facts(recovery_id, body.secret, facts, network=network)
    return RecoveryProven(complete_from=proven.complete_from, needs_phone=proven.needs_phone)


@router.post(
    "/password/{recovery_id}/passkey-options",
    summary="Have a passkey sign a recovery",
    responses=refusals(RecoveryRejectedError, FactorNotSetError, AddressLimitedError),
)
async def ask_passkey_to_recover(
    recovery_id: RecoveryId, body: RecoverySecret, source: RequestSource, recoveries: Recoveries
) -> RequestOffered:
    """What `navigator.credentials.get()` is asked, once the owner is proven and before the new password is set."""
    options = await recoveries.ask_passkey(recovery_id, body.secret, network=source.network)
    return RequestOffered(public_key=RequestOptions.model_validate(options))


@router.post(
    "/password/{recovery_id}/complete",
    summary="Set the new password",
    openapi_extra=once(secret=False),
    responses=refusals(
        RecoveryRejectedError,
        RecoveryWaitingError,
        RecoveryObjectedError,
        SecondFactorNeededError,
        CodeRejectedError,
        TooManyOperationsError,
        PhoneProofRejectedError,
        PhoneBusyError,
        PhoneRegisteredError,
        AddressLimitedError,
        ServiceBusyError,
    ),
)
async def complete_recovery(
    recovery_id: RecoveryId,
    body: RecoveryCompletion,
    source: RequestSource,
    language: RequestLanguage,
    recoveries: Recoveries,
) -> RecoveryCompleted:
    """Every session and other recovery of the account ends, no device is known any more, and every channel is told."""
    await recoveries.complete(
        recovery_id,
        body.secret,
        password=body.password,
        confirmation=body.password_confirmation,
        phone=NewPhone(body.phone_proof, takes_over=body.on_phone_registered == "take_over"),
        second_factor=second_factor(body.second_factor),
        network=source.network,
    )
    return RecoveryCompleted(next=choices((Option("login"),), language))
