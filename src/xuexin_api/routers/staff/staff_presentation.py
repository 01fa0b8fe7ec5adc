"""From what staff send to what services take."""

from __future__ import annotations

from xuexin_api.core.errors import FieldProblem, InvalidRequestError
from xuexin_api.dependencies.callers import Source
from xuexin_api.schemas import staff_sessions as schemas
from xuexin_api.services.login.second_factors import SecondFactor
from xuexin_api.services.staff.staff_proving import StaffProof


def staff_proof(body: schemas.StaffProof, source: Source) -> StaffProof:
    """What goes with the factor, and nothing else, must be there."""
    sent = {"code": body.code, "assertion": body.assertion}
    wanted, other = ("assertion", "code") if body.factor == "passkey" else ("code", "assertion")
    problems = []
    if sent[wanted] is None:
        problems.append(FieldProblem(f"/{wanted}", "required", {}))
    if sent[other] is not None:
        problems.append(FieldProblem(f"/{other}", "extra_field", {}))
    if problems:
        raise InvalidRequestError(problems)
    signed = None if body.assertion is None else body.assertion.model_dump(by_alias=True)
    factor = SecondFactor(body.factor, body.code or "", assertion=signed)
    return StaffProof(body.password, factor, body.challenge, source.network)
