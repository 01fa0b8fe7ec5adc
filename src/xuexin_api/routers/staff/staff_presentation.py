"""From what staff send to what services take."""

from __future__ import annotations

from xuexin_api.dependencies.callers import Source
from xuexin_api.schemas.staff_sessions import StaffProofByCode, StaffProofByPasskey
from xuexin_api.services.login.second_factors import SecondFactor
from xuexin_api.services.staff.staff_proving import StaffProof


def staff_proof(body: StaffProofByCode | StaffProofByPasskey, source: Source) -> StaffProof:
    if isinstance(body, StaffProofByPasskey):
        factor = SecondFactor(body.factor, assertion=body.assertion.model_dump(by_alias=True))
    else:
        factor = SecondFactor(body.factor, body.code)
    return StaffProof(body.password, factor, body.challenge, source.network)
