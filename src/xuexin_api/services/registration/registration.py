"""Real-name registration (实名注册): a proven phone and a judged form become an account that claims to be somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import CaseState, Strength
from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    AddressLimitedError,
    BrokenRuleError,
    DocumentRegisteredError,
    DocumentUnderReviewError,
    FieldProblem,
    InvalidRequestError,
    Option,
    PhoneBusyError,
    PhoneProofExhaustedError,
    PhoneProofRejectedError,
    WarningNotAcknowledgedError,
)
from xuexin_api.core.passwords import check_password
from xuexin_api.core.policies import CodePolicy, RegistrationPolicy
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, EMAIL_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.core.security_questions import combined_answers
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository, Proof
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.services.account_view import AccountView, view_account
from xuexin_api.services.base import Service
from xuexin_api.services.codes.phone_binding import PhoneBinding
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.registration.agreements import MESSAGES_CONSENT, REQUIRED_KINDS, version_in_force
from xuexin_api.services.registration.registration_form import JudgedForm, RegistrationForm, judge_form
from xuexin_api.services.sessions.session_opening import SessionOpening, Tokens

DOCUMENT_OPTIONS: Final = (Option("login"), Option("recover"), Option("re_register"))
_UNDER_REVIEW_OPTIONS: Final = DOCUMENT_OPTIONS[:2]
_PREEMPTING_OPTIONS: Final = (*_UNDER_REVIEW_OPTIONS, Option("stronger_evidence"))
WARNING: Final = "other_platforms"
"""What re-registering does elsewhere; whoever asks for it acknowledges this id."""
NEXT: Final = (Option("verify_identity"),)
NEXT_IN_CONFLICT: Final = (Option("give_evidence"),)
_PURPOSE: Final = "registration"
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form says to do where its phone or its document is taken."""

    take_over: bool = False
    re_register: bool = False
    stronger_evidence: bool = False
    acknowledged_warning: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """The new account, already logged in on this device."""

    account: AccountView
    tokens: Tokens
    device_token: str
    next: tuple[Option, ...]


class RegistrationService(Service):
    """One phone registers once at a time; one proof tries few documents; a refusal leaves the proof whole."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        codes: CodeRepository,
        cases: CaseOpening,
        waiting_cases: CaseRepository,
        binding: PhoneBinding,
        dispatcher: OutboxDispatcher,
        opening: SessionOpening,
        hashing: PasswordHashing,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: RegistrationPolicy,
        codes_policy: CodePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._codes = codes
        self._cases = cases
        self._waiting_cases = waiting_cases
        self._binding = binding
        self._dispatcher = dispatcher
        self._opening = opening
        self._hashing = hashing
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._codes_policy = codes_policy
        self._entropy = entropy

    async def register(
        self,
        form: RegistrationForm,
        *,
        phone_proof: str,
        choices: Choices,
        address: str,
        network: str,
        platform: str,
    ) -> Registered:
        """The account and its first session, or a refusal that consumed nothing but a document's try."""
        wait = await self._throttle.hit(
            "registrations", network, most=self._codes_policy.per_address_day, seconds=_MINUTE
        )
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        judged = judge_form(form, today=china_date(self._clock.now()))
        document_key = self._lookups.document(judged.document.number)
        proof, phone_holder = await self._claim_try(phone_proof, document_key)
        self._refuse_password_of_phone(judged, proof)
        password_hash = await self._hashing.hash(judged.password)
        answers_hash = await self._hashing.hash(combined_answers(judged.answers)) if judged.answers else None
        now = self._clock.now()
        account_id = self._entropy.identifier()
        taken = refused_by(
            {
                "uq_accounts_phone_key": PhoneBusyError(),
                "uq_accounts_document_key": _document_registered(),
            }
        )
        with taken:
            async with self._transaction():
                await self._hold_phone(proof, phone_holder, now=now)
                state = await self._refuse_taken(proof, document_key, choices, now=now)
                values = self._account_values(account_id, judged, proof, document_key, now)
                await self._accounts.add({**values, "state": state})
                if state == "conflict":
                    await self._cases.open(account_id, document_key, now=now)
                await self._accounts.add_credential(account_id, password_hash, now=now)
                if answers_hash is not None:
                    await self._accounts.add_security_answers(account_id, sorted(judged.answers), answers_hash, now=now)
                await self._accounts.add_consents(self._consents(account_id, form, now))
                tokens, device_token = await self._opening.open(
                    account_id,
                    methods=["pwd", "sms"],
                    address=address,
                    platform=platform,
                    device_token=None,
                    action="account:register",
                    now=now,
                    within=self._session,
                )
                row = await self._accounts.get(account_id)
        assert row is not None, "an account that was just added is there"
        self._dispatcher.wake()
        steps = NEXT if state == "active" else NEXT_IN_CONFLICT
        return Registered(view_account(row, self._sealer), tokens, device_token, steps)

    async def _claim_try(self, secret: str, document_key: bytes) -> tuple[Proof, UUID | None]:
        """Note, for good, that this proof tries this document; also who has the phone as this begins."""
        async with self._transaction():
            claimed = await self._codes.try_document(
                self._lookups.secret("phone_proof", secret),
                document_key,
                purpose=_PURPOSE,
                most=self._policy.documents_per_proof,
                now=self._clock.now(),
            )
            holder = None if claimed is None else await self._accounts.get_id_by_phone(claimed[0].phone_key)
        if claimed is None:
            raise PhoneProofRejectedError
        proof, within = claimed
        if not within:
            raise PhoneProofExhaustedError
        return proof, holder

    def _refuse_password_of_phone(self, judged: JudgedForm, proof: Proof) -> None:
        """The phone is the owner's own data too, and known only now."""
        phone = self._sealer.open(proof.phone_ciphertext, PHONE_CONTEXT).decode()
        try:
            check_password(judged.password, personal=[phone, phone.removeprefix("+86")])
        except BrokenRuleError as broken:
            raise InvalidRequestError([FieldProblem("/password", broken.code, broken.params)]) from None

    async def _hold_phone(self, proof: Proof, holder: UUID | None, *, now: datetime) -> None:
        """手机号码忙 unless nobody else is at work with this phone, nor was since this registration began.

        Whoever comes second by a moment is told so, and not that the phone belongs to somebody: trying again tells.
        """
        if not await self._codes.lock_phone(proof.phone_key):
            raise PhoneBusyError
        if await self._accounts.get_id_by_phone(proof.phone_key) != holder:
            raise PhoneBusyError
        if not await self._codes.consume_proof(proof.id, now=now):
            raise PhoneBusyError

    async def _refuse_taken(self, proof: Proof, document_key: bytes, choices: Choices, *, now: datetime) -> str:
        """The 409s, or the state of the new account.

        The unique index decides again where two transactions see no document at the same moment.
        """
        await self._waiting_cases.lock_document(document_key)
        document_holder = await self._accounts.get_id_by_document(document_key)
        # Who proved the phone of the document's own account recovers that one: taking its phone away would also take
        # the channel by which its holder is to be told.
        spared = document_holder if choices.re_register else None
        await self._binding.clear(proof.phone_key, takes_over=choices.take_over, spares=spared, now=now)
        await self._refuse_under_review(document_key, choices)
        if document_holder is None:
            return "active"
        if not choices.re_register:
            raise _document_registered()
        if choices.acknowledged_warning != WARNING:
            raise WarningNotAcknowledgedError(warning=Option(WARNING))
        return "conflict"

    async def _refuse_under_review(self, document_key: bytes, choices: Choices) -> None:
        """While a claim waits, only one that means to bring stronger evidence is let in."""
        waiting = await self._waiting_cases.list_waiting_for_document(document_key)
        if not waiting:
            return
        passable = all(case.strength == Strength.WEAK and case.state != CaseState.SUBMITTED for case in waiting)
        if not passable:
            raise DocumentUnderReviewError(options=_UNDER_REVIEW_OPTIONS)
        if not (choices.re_register and choices.stronger_evidence):
            raise DocumentUnderReviewError(options=_PREEMPTING_OPTIONS)

    def _account_values(
        self, account_id: UUID, judged: JudgedForm, proof: Proof, document_key: bytes, now: datetime
    ) -> Mapping[str, Any]:
        email = judged.recovery_email
        return {
            "id": account_id,
            "name": judged.name,
            "sex": judged.sex,
            "birth_date": judged.birth_date,
            "document_type": str(judged.document.type),
            "document_key": document_key,
            "document_ciphertext": self._sealer.seal(judged.document.number.encode(), DOCUMENT_CONTEXT),
            "phone_key": proof.phone_key,
            "phone_ciphertext": proof.phone_ciphertext,
            "email_key": None if email is None else self._lookups.email(email),
            "email_ciphertext": None if email is None else self._sealer.seal(email.encode(), EMAIL_CONTEXT),
            "second_factors": [],
            "created_at": now,
        }

    def _consents(self, account_id: UUID, form: RegistrationForm, now: datetime) -> list[Mapping[str, Any]]:
        given = [(kind, version_in_force(kind), True) for kind in REQUIRED_KINDS]
        # Accepting messages is a part of the privacy policy in force, and is given or declined under its version.
        given.append((MESSAGES_CONSENT, version_in_force("privacy_policy"), form.service_messages))
        return [
            {
                "id": self._entropy.identifier(),
                "account_id": account_id,
                "kind": kind,
                "version": version,
                "given": agreed,
                "at": now,
            }
            for kind, version, agreed in given
        ]


def _document_registered() -> DocumentRegisteredError:
    return DocumentRegisteredError(options=DOCUMENT_OPTIONS, warning=Option(WARNING))
