"""The services of `services/sessions`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.sessions.sessions import SessionService


async def session_service(request: Request) -> SessionService:
    parts = wiring(request)
    session = parts.database.session()
    return SessionService(
        session=session,
        sessions=SessionRepository(session),
        accounts=AccountRepository(session),
        callers=shared.callers(parts, session),
        audit=AuditRepository(session),
        opening=shared.opening(parts),
        refresh_tokens=parts.refresh_tokens,
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        policy=parts.session_policy,
        clock=parts.clock,
        entropy=parts.entropy,
    )
