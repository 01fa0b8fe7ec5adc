"""The contract: FastAPI's document, made whole. Nothing here answers a request."""

from xuexin_api.openapi.document import build_openapi
from xuexin_api.openapi.files import JPEG, photo_form, picture_form
from xuexin_api.openapi.lint import EVENTS, faults, operation_of, operations
from xuexin_api.openapi.once import IDEMPOTENCY_HEADER, ONCE, once
from xuexin_api.openapi.refusals import refusals
from xuexin_api.openapi.shown import Examples, Shown

__all__ = [
    "EVENTS",
    "IDEMPOTENCY_HEADER",
    "JPEG",
    "ONCE",
    "Examples",
    "Shown",
    "build_openapi",
    "faults",
    "once",
    "operation_of",
    "operations",
    "photo_form",
    "picture_form",
    "refusals",
]
