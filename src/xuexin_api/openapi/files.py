"""Files in the contract: the form by which one is sent, and the picture that is answered."""

from __future__ import annotations

from typing import Any, Final

FORM: Final = "multipart/form-data"
PHOTO: Final = "image/jpeg"
JPEG: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {PHOTO: {"schema": {"type": "string", "format": "binary"}}}}
}
"""The `responses=` of a route that answers with a photo."""


_FILE: Final = {
    "type": "string",
    "format": "binary",
    "description": "JPEG, PNG or GIF. What it is called does not matter.",
}


def photo_form(*sides: str) -> dict[str, Any]:
    """The `openapi_extra=` of an operation that reads its form itself, once the caller is known."""
    side = {
        "type": "string",
        "enum": list(sides),
        "description": "Which side of the card the person in the photo holds up.",
    }
    return _form({"side": side, "file": _FILE}, {side: {"value": {"side": side, "file": "…"}} for side in sides})


def picture_form() -> dict[str, Any]:
    """The same for a picture alone."""
    return _form({"file": _FILE}, {"picture": {"value": {"file": "…"}}})


def _form(properties: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }
    encoding = {"file": {"contentType": "image/jpeg, image/png, image/gif"}}
    content = {FORM: {"schema": schema, "encoding": encoding, "examples": examples}}
    return {"requestBody": {"required": True, "content": content}}
