"""The log of corrections: its student's steps, the school's, the province's, and the clock's."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from xuexin_api.services.step_log import LogKind, StepLog

CorrectionLog: TypeAlias = StepLog[Literal["student", "school", "province", "service"]]
CORRECTION_LOG: Final = LogKind("correction_id", "archive:correction")
