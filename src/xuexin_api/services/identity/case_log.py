"""The log of cases: everybody whom one concerns may have taken a step of it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from xuexin_api.services.step_log import LogKind, StepLog

Actor = Literal["claimant", "holder", "classmate", "staff", "service"]
CaseLog: TypeAlias = StepLog[Actor]
CASE_LOG: Final = LogKind("case_id", "identity:case")
