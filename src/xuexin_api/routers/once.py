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
from xuexin_api.services.idempotency import Answer, Operation

_LONGEST_KEY: Final = 255


async def answer_once(
    request: Request, handle: Callable[[Request], Awaitable[Response]], *, route: str, secret: bool
) -> Response:
    """The route's answer; with an Idempotency-Key the route runs once, however often it is asked."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is None:
        return await handle(request)
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise InvalidRequestError([FieldProblem(f"/header/{IDEMPOTENCY_HEADER}", "malformed", {})])
    body = await request.body()
    sent = await request.json() if body else None
    proof = sent.get("phone_proof") if isinstance(sent, dict) else None
    operation = Operation(
        route=route,
        key=key,
        body=body,
        claims=claims_if_any(request),
        staff_claims=staff_claims_if_any(request),
        phone_proof=proof if isinstance(proof, str) else None,
    )
    service = await idempotency_service(request)
    begun = await service.begin(operation, network=request.state.client_network)
    if isinstance(begun, Answer):
        return _again(begun)
    try:
        response = await handle(request)
    except (RefusalError, RequestValidationError, HTTPException):
        await service.give_up(begun)
        raise
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        await service.give_up(begun)
    else:
        await service.finish(begun, Answer(response.status_code, bytes(response.body)), secret=secret)
    return response


def _again(answer: Answer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        media_type="application/json" if answer.body else None,
        headers={"Idempotent-Replayed": "true"},
    )
