"""Idempotency-Key around a route: the header's rules, and the answer given again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from xuexin_api.core.errors import FieldProblem, InvalidRequestError, RefusalError
from xuexin_api.dependencies.callers import claims_if_any, staff_claims_if_any
from xuexin_api.dependencies.service import idempotency_service
from xuexin_api.openapi import IDEMPOTENCY_HEADER
from xuexin_api.services.idempotency import Answer, Begun, IdempotencyService, Operation

_LONGEST_KEY: Final = 255
Handle = Callable[[Request], Awaitable[Response]]


class _GivenBeforeError(Exception):
    """Carries the answer that the operation had out of the route that began it again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def answer_once(request: Request, handle: Handle, *, route: str, secret: bool) -> Response:
    """The route's answer; with an Idempotency-Key the route runs once, however often it is asked."""
    key = _key_of(request)
    if key is None:
        return await handle(request)
    body = await request.body()
    sent = await request.json() if body else None
    proof = sent.get("phone_proof") if isinstance(sent, dict) else None
    operation = _operation(request, key, route, body, phone_proof=proof if isinstance(proof, str) else None)
    service = await idempotency_service(request)
    begun = await service.begin(operation, network=request.state.client_network)
    if isinstance(begun, Answer):
        return _again(begun)
    return await _finish(request, handle, service, lambda: begun, secret=secret)


async def answer_once_read(request: Request, handle: Handle, *, route: str) -> Response:
    """The same for a route that reads its body itself, late: it tells what was sent to `request.state.begin_once`."""
    key = _key_of(request)
    service = await idempotency_service(request)
    begun: Begun | None = None

    async def begin(sent: bytes) -> None:
        nonlocal begun
        if key is None:
            return
        answer = await service.begin(_operation(request, key, route, sent), network=request.state.client_network)
        if isinstance(answer, Answer):
            raise _GivenBeforeError(answer)
        begun = answer

    async def was_begun() -> bool:
        return key is not None and await service.knows(_operation(request, key, route, b""))

    request.state.begin_once = begin
    request.state.was_begun_once = was_begun
    try:
        return await _finish(request, handle, service, lambda: begun, secret=False)
    except _GivenBeforeError as before:
        return _again(before.answer)


async def _finish(
    request: Request,
    handle: Handle,
    service: IdempotencyService,
    begun: Callable[[], Begun | None],
    *,
    secret: bool,
) -> Response:
    """Do it, and remember the answer of what was begun; a refusal leaves nothing done."""
    try:
        response = await handle(request)
    except (RefusalError, RequestValidationError, HTTPException):
        if (one := begun()) is not None:
            await service.give_up(one)
        raise
    if (one := begun()) is None:
        return response
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        await service.give_up(one)
    else:
        await service.finish(one, Answer(response.status_code, bytes(response.body)), secret=secret)
    return response


def _key_of(request: Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is not None and (not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable()):
        raise InvalidRequestError([FieldProblem(f"/header/{IDEMPOTENCY_HEADER}", "malformed", {})])
    return key


def _operation(request: Request, key: str, route: str, body: bytes, *, phone_proof: str | None = None) -> Operation:
    return Operation(
        route=route,
        key=key,
        body=body,
        claims=claims_if_any(request),
        staff_claims=staff_claims_if_any(request),
        phone_proof=phone_proof,
    )


def _again(answer: Answer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        media_type="application/json" if answer.body else None,
        headers={"Idempotent-Replayed": "true"},
    )
