"""Changes of one's own account: each confirmed, each told to the old channels, each undone by their link."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    CodeRejectedError,
    EmailRegisteredError,
    InsufficientUserAuthenticationError,
    OldChannelNeededError,
    Option,
    PasswordRejectedError,
    PhoneBusyError,
    PhoneProofRejectedError,
    PhoneRegisteredError,
    ServiceBusyError,
    TooManyOperationsError,
    UndoRejectedError,
)
from xuexin_api.dependencies.accounts import account_change_service, change_undoing_service
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage, RequestSource
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.presentation import account, choices
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.accounts import Account
from xuexin_api.schemas.changes import (
    Change,
    ChangeList,
    EmailChange,
    PasswordChange,
    PhoneChange,
    QuestionsChange,
    Undo,
    Undone,
)
from xuexin_api.schemas.factors import Confirmed
from xuexin_api.services.accounts.account_changes import AccountChangeService, SentCode
from xuexin_api.services.accounts.change_undoing import ChangeUndoingService
from xuexin_api.services.codes.phone_binding import NewPhone

router = APIRouter(prefix="/v1/account", tags=["account"], route_class=StrictRoute)
Changes = Annotated[AccountChangeService, Depends(account_change_service)]
CONFIRMED = (
    *LOGGED_IN,
    InsufficientUserAuthenticationError,
    PasswordRejectedError,
    TooManyOperationsError,
    ServiceBusyError,
)
"""What every change may be refused with."""


@router.put(
    "/phone",
    summary="Change the phone",
    openapi_extra=once(secret=False),
    responses=refusals(
        *CONFIRMED,
        OldChannelNeededError,
        CodeRejectedError,
        PhoneProofRejectedError,
        PhoneBusyError,
        PhoneRegisteredError,
    ),
)
async def change_phone(body: PhoneChange, claims: CallerClaims, changes: Changes) -> Account:
    """By password, a proof of the new phone, and a code to the old one; where that is lost, a fresh verification.

    The old phone and the recovery e-mail get a link that undoes it for 72 hours; of two, the one bound before 72 hours.
    """
    old = None if body.old_code is None else SentCode(body.old_code.code_id, body.old_code.code)
    phone = NewPhone(body.phone_proof, takes_over=body.on_phone_registered == "take_over")
    changed = await changes.change_phone(claims, password=body.password, phone=phone, old_code=old)
    return account(changed)


@router.put(
    "/email",
    summary="Set or confirm the recovery e-mail",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED, CodeRejectedError, EmailRegisteredError),
)
async def change_email(body: EmailChange, claims: CallerClaims, changes: Changes) -> Account:
    """An address counts only after its own code; this also confirms the one given at the registration."""
    code = SentCode(body.code_id, body.code)
    return account(await changes.change_email(claims, password=body.password, email=body.email, code=code))


@router.post(
    "/email/remove",
    summary="Remove the recovery e-mail",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED),
)
async def remove_email(body: Confirmed, claims: CallerClaims, changes: Changes) -> Account:
    """The phone and the old address are told, and may undo it."""
    return account(await changes.remove_email(claims, password=body.password))


@router.put(
    "/password",
    status_code=204,
    summary="Change the password",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED),
)
async def change_password(body: PasswordChange, claims: CallerClaims, changes: Changes) -> None:
    """Every other session ends, and no other device is known any more."""
    await changes.change_password(claims, **body.model_dump())


@router.put(
    "/security-questions",
    status_code=204,
    summary="Set the security questions",
    openapi_extra=once(secret=False),
    responses=refusals(*CONFIRMED),
)
async def change_security_questions(body: QuestionsChange, claims: CallerClaims, changes: Changes) -> None:
    """Three new questions and answers, or an empty list to have none."""
    questions = [(answer.question_id, answer.answer) for answer in body.security_questions]
    await changes.change_questions(claims, password=body.password, questions=questions)


@router.get("/changes", summary="Changes that can be undone", responses=refusals(*LOGGED_IN))
async def list_changes(claims: CallerClaims, changes: Changes) -> ChangeList:
    """The changes of the last 72 hours. The links that undo them went to channels bound earlier."""
    return ChangeList(items=[Change.model_validate(one) for one in await changes.list_undoable(claims)])


@router.post(
    "/changes/undo",
    summary="Undo a change",
    openapi_extra=once(secret=False),
    responses=refusals(UndoRejectedError, AddressLimitedError),
)
async def undo_change(
    body: Undo,
    source: RequestSource,
    language: RequestLanguage,
    undoing: Annotated[ChangeUndoingService, Depends(change_undoing_service)],
) -> Undone:
    """By the secret of the link; no login needed. All that was changed after it is put back as well.

    Every session ends, and every channel is told. Whoever made the change knew the password: recover it next.
    """
    restored, not_restored = await undoing.undo(body.secret, network=source.network)
    options = choices((Option("recover_password"),), language)
    return Undone.model_validate({"restored": restored, "not_restored": not_restored, "next": options})
