"""From what staff send to what services take."""

from __future__ import annotations

from xuexin_api.core.errors import FieldProblem, InvalidRequestError
from xuexin_api.dependencies.callers import Source
from xuexin_api.schemas.staff_sessions import StaffLogin, StaffProofByCode, StaffProofByPasskey
from xuexin_api.services.login.second_factors import SecondFactor
from xuexin_api.services.staff.staff_proving import StaffProof


def staff_proof(body: StaffLogin | StaffProofByCode | StaffProofByPasskey, source: Source) -> StaffProof:
    return StaffProof(body.password, _factor(body), body.challenge, source.network)


def _factor(body: StaffLogin | StaffProofByCode | StaffProofByPasskey) -> SecondFactor:
    code, assertion = getattr(body, "code", None), getattr(body, "assertion", None)
    wanted, other = ("assertion", "code") if body.factor == "passkey" else ("code", "assertion")
    problems = []
    if getattr(body, wanted) is None:
        problems.append(FieldProblem(f"/{wanted}", "required", {}))
    if getattr(body, other, None) is not None:
        problems.append(FieldProblem(f"/{other}", "extra_field", {}))
    if problems:
        raise InvalidRequestError(problems)
    return SecondFactor(
        body.factor, code or "", assertion=None if assertion is None else assertion.model_dump(by_alias=True)
    )
