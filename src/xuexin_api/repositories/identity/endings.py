"""When a case or a verification needs no more what people sent and said for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from xuexin_api.models.cases import IdentityCase
from xuexin_api.models.identity import IdentityVerification


def case_is_over(*, decided_before: datetime, now: datetime) -> ColumnElement[bool]:
    """It came to nothing, or was decided long enough ago and can be undone no more."""
    return or_(
        IdentityCase.state.in_(("withdrawn", "expired")),
        and_(
            IdentityCase.state.in_(("approved", "rejected", "undone")),
            IdentityCase.decided_at <= decided_before,
            or_(IdentityCase.undo_until.is_(None), IdentityCase.undo_until <= now),
        ),
    )


def verification_is_over(*, decided_before: datetime, now: datetime) -> ColumnElement[bool]:
    """It came to nothing, or was decided or passed long enough ago."""
    verification = IdentityVerification
    return or_(
        and_(verification.status == "pending", verification.expires_at <= now),
        and_(verification.status == "ended", verification.decided_at.is_(None), verification.passed_at.is_(None)),
        verification.decided_at <= decided_before,
        verification.passed_at <= decided_before,
    )
