"""The services of `services/help`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.help.help_centre import HelpCountRepository
from xuexin_api.repositories.help.help_requests import HelpRequestRepository
from xuexin_api.repositories.help.help_robot import ConversationRepository, UnansweredRepository
from xuexin_api.services.help.centre import HelpCentreService
from xuexin_api.services.help.dialogues import DialogueService
from xuexin_api.services.help.requests import HelpRequestService
from xuexin_api.services.help.robot import RobotService


async def help_centre_service(request: Request) -> HelpCentreService:
    parts = wiring(request)
    session = parts.database.session()
    return HelpCentreService(
        session=session,
        library=parts.help_library,
        interest=parts.help_interest,
        counts=HelpCountRepository(session),
        counters=CounterRepository(session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=parts.settings.help_policy(),
        clock=parts.clock,
    )


async def help_request_service(request: Request) -> HelpRequestService:
    parts = wiring(request)
    session = parts.database.session()
    return HelpRequestService(
        session=session,
        requests=HelpRequestRepository(session),
        callers=shared.callers(parts, session),
        counters=CounterRepository(session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.help_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def robot_service(request: Request) -> RobotService:
    parts = wiring(request)
    session = parts.database.session()
    return RobotService(
        session=session,
        conversations=ConversationRepository(session),
        unanswered=UnansweredRepository(session),
        callers=shared.callers(parts, session),
        library=parts.help_library,
        interest=parts.help_interest,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.robot_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def dialogue_service(request: Request) -> DialogueService:
    parts = wiring(request)
    session = parts.database.session()
    return DialogueService(
        session=session,
        conversations=ConversationRepository(session),
        callers=shared.callers(parts, session),
        sealer=parts.sealer,
        clock=parts.clock,
    )
