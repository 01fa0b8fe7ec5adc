"""What a registration agrees to, and the security questions it may use."""

from __future__ import annotations

from fastapi import APIRouter

from xuexin_api.dependencies.callers import RequestLanguage
from xuexin_api.routers.presentation import security_questions
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.agreements import Agreement, AgreementList, SecurityQuestionList
from xuexin_api.services.registration.agreements import agreements_in_force

router = APIRouter(prefix="/v1", tags=["registration"], route_class=StrictRoute)


@router.get("/agreements", summary="The agreements in force")
async def list_agreements(language: RequestLanguage) -> AgreementList:
    """User agreement and privacy policy with the versions that a registration must name."""
    return AgreementList(items=[Agreement.model_validate(text) for text in agreements_in_force(language)])


@router.get("/security-questions", summary="The security questions offered")
async def list_security_questions(language: RequestLanguage) -> SecurityQuestionList:
    """Pick three distinct ones, or none."""
    return security_questions(language)
