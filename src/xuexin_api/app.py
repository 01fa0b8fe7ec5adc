"""create_app(): parts, routers, problems, middleware, start and stop; nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from xuexin_api import openapi, problems
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.middleware import DamagedPhotoMetrics, EdgeMiddleware, MessageMetrics, OverdueMetrics
from xuexin_api.routers import docs, service
from xuexin_api.routers.accounts import account, account_changes, account_holdings, agreements, recovery, registrations
from xuexin_api.routers.archive import archive, claims, corrections, outcomes, proofs
from xuexin_api.routers.codes import challenges, phone_proofs, verification_codes
from xuexin_api.routers.examples import EXAMPLES
from xuexin_api.routers.help import help_centre, help_requests, help_robot
from xuexin_api.routers.identity import (
    case_photos,
    identity_cases,
    identity_verifications,
    verification_photos,
    vouching_requests,
)
from xuexin_api.routers.login import factors, passkeys, sessions, third_party
from xuexin_api.routers.staff import claims as staff_claims
from xuexin_api.routers.staff import corrections as staff_corrections
from xuexin_api.routers.staff import (
    help_desk,
    imports,
    office_contact,
    overview,
    record_office,
    review_desk,
    staff_accounts,
    staff_enrolment,
    staff_passkeys,
    staff_sessions,
    transfers,
    verification_desk,
)

_LARGEST_BODY = 64 * 1024
_PHOTO_UPLOADS: Final = re.compile("/v1/(identity-.*/photos|archive/.*proofs)")
_IMPORT_UPLOADS: Final = re.compile(re.escape(imports.router.prefix))


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Wiring = app.state.wiring
    await parts.database.open()
    await parts.hashing.start()
    parts.help_library.matcher()
    runners = (
        parts.dispatcher,
        parts.housekeeping,
        parts.audit,
        parts.help_interest,
        parts.help_library,
        parts.import_dispatcher,
    )
    background = [asyncio.create_task(one.run()) for one in runners] if app.state.background else []
    try:
        yield
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await parts.dispatcher.close()
        await parts.help_interest.close()
        for provider in parts.login_providers.values():
            await provider.close()
        for verifier in parts.identity_providers.values():
            await verifier.close()
        parts.hashing.close()
        parts.pictures.close()
        await parts.database.close()


def _named(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Function names are the SDK."""
    for route in routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
        yield route


def create_app(parts: Wiring, *, background: bool = True) -> FastAPI:
    """The application around its parts; with its background tasks, unless somebody else sends and cleans."""
    app = FastAPI(
        title="学信 API",
        version="0.1.0",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        # Metrics and logs are ours; asking the framework's own at every request whether they are wanted is not free.
        telemetry={"metrics": False, "logs": False},
    )
    app.state.wiring = parts
    app.state.background = background
    app.state.registry = CollectorRegistry()
    app.state.registry.register(MessageMetrics(parts.dispatcher.outcomes))
    app.state.registry.register(OverdueMetrics(parts.housekeeping.overdue))
    app.state.registry.register(
        DamagedPhotoMetrics(lambda: {"photos": parts.photos.damaged, "handheld": parts.sent_photos.damaged})
    )
    # Routes are tried in this order: what is asked for most stands first.
    for router in (
        archive.hot_router,
        sessions.hot_router,
        account.router,
        archive.router,
        outcomes.router,
        proofs.router,
        claims.router,
        corrections.form_router,
        claims.form_router,
        corrections.router,
        sessions.router,
        service.router,
        challenges.router,
        verification_codes.router,
        phone_proofs.router,
        registrations.router,
        recovery.router,
        factors.router,
        passkeys.router,
        third_party.router,
        third_party.account_router,
        account_changes.router,
        account_holdings.router,
        identity_verifications.router,
        identity_cases.router,
        verification_photos.form_router,
        verification_photos.router,
        case_photos.form_router,
        case_photos.router,
        vouching_requests.router,
        staff_sessions.router,
        staff_enrolment.router,
        staff_passkeys.router,
        staff_accounts.router,
        help_desk.router,
        overview.router,
        review_desk.router,
        verification_desk.router,
        record_office.router,
        imports.router,
        transfers.router,
        office_contact.router,
        staff_claims.router,
        staff_corrections.router,
        agreements.router,
        help_centre.router,
        help_requests.router,
        help_robot.router,
        docs.router,
    ):
        # As they are: a router that is included has every route made anew for the application, and looked for twice.
        app.router.routes.extend(_named(router.routes))
    problems.install(app)
    app.openapi = lambda: openapi.build_openapi(app, EXAMPLES)  # type: ignore[method-assign]
    app.add_middleware(
        EdgeMiddleware,
        registry=app.state.registry,
        trusted_proxies=parts.settings.trusted_proxies,
        new_request_id=lambda: parts.entropy.token(16).hex(),
        largest_body=_LARGEST_BODY,
        larger_bodies=(
            # Whoever takes the photo counts by themselves: that one was too large is kept to be seen.
            (_PHOTO_UPLOADS, sys.maxsize),
            (_IMPORT_UPLOADS, parts.settings.import_max_bytes),
        ),
        production=parts.settings.production,
        log_requests=parts.settings.log_requests,
    )
    return app
