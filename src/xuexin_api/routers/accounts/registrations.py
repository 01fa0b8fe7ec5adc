"""Real-name registration (实名注册)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    DocumentRegisteredError,
    DocumentUnderReviewError,
    PhoneBusyError,
    PhoneProofExhaustedError,
    PhoneProofRejectedError,
    PhoneRegisteredError,
    ServiceBusyError,
    WarningNotAcknowledgedError,
)
from xuexin_api.dependencies.callers import RequestLanguage, RequestSource
from xuexin_api.dependencies.registration import registration_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.presentation import account, choices, tokens
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.accounts import Registered, RegistrationRequest
from xuexin_api.services.registration.registration import Choices, RegistrationService
from xuexin_api.services.registration.registration_form import RegistrationForm

router = APIRouter(prefix="/v1", tags=["registration"], route_class=StrictRoute)


@router.post(
    "/registrations",
    status_code=201,
    summary="Register with a proven phone and the real-name form",
    openapi_extra=once(secret=True),
    responses=refusals(
        PhoneProofRejectedError,
        PhoneProofExhaustedError,
        PhoneBusyError,
        PhoneRegisteredError,
        DocumentRegisteredError,
        DocumentUnderReviewError,
        WarningNotAcknowledgedError,
        AddressLimitedError,
        ServiceBusyError,
    ),
)
async def register_account(
    body: RegistrationRequest,
    source: RequestSource,
    language: RequestLanguage,
    registration: Annotated[RegistrationService, Depends(registration_service)],
) -> Registered:
    """Create an account that claims to be somebody, and log in to it.

    The phone proof is consumed by success only: after a refusal it still works, for three documents at most.
    Every broken rule is told at once, as soon as every field is there and has its type.
    The archive opens after an identity verification.
    Where the document is registered, `re_register` opens an account in state `conflict` and its identity case; the
    account sees nothing else until that is decided.
    """
    done = await registration.register(
        _form(body),
        phone_proof=body.phone_proof,
        choices=Choices(
            take_over=body.on_phone_registered is not None,
            re_register=body.on_document_registered is not None,
            stronger_evidence=body.on_document_under_review is not None,
            acknowledged_warning=body.acknowledged_warning,
        ),
        address=source.address,
        network=source.network,
        platform=source.platform,
    )
    return Registered(
        account=account(done.account),
        tokens=tokens(done.tokens),
        device_token=done.device_token,
        next=choices(done.next, language),
    )


def _form(body: RegistrationRequest) -> RegistrationForm:
    return RegistrationForm(
        password=body.password,
        password_confirmation=body.password_confirmation,
        name=body.name,
        sex=body.sex,
        document_type=body.document_type,
        document_number=body.document_number,
        recovery_email=body.recovery_email,
        security_questions=[(answer.question_id, answer.answer) for answer in body.security_questions],
        consents={
            "user_agreement": body.consents.user_agreement,
            "privacy_policy": body.consents.privacy_policy,
        },
        service_messages=body.consents.service_messages,
    )
