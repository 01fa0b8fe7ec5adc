"""The log of claims to records: its student's steps, the holder's, and those of the desks."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from xuexin_api.services.step_log import LogKind, StepLog

ClaimLog: TypeAlias = StepLog[Literal["student", "holder", "school", "province", "service"]]
CLAIM_LOG: Final = LogKind("claim_id", "archive:claim")
