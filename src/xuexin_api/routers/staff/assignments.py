"""What whoever takes, has or decides what waits at a desk may be refused, beside what each desk says of its own."""

from __future__ import annotations

from typing import Final

from xuexin_api.core.errors import CaseNotAssignedError, CaseTakenError, NotYoursToDecideError
from xuexin_api.dependencies.callers import OF_STAFF

TAKING: Final = (*OF_STAFF, CaseTakenError, NotYoursToDecideError)
HAVING: Final = (*OF_STAFF, CaseNotAssignedError)
DECIDING: Final = (*HAVING, NotYoursToDecideError)
