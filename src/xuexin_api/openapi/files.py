"""Files in the contract: the form by which one is sent, and the picture that is answered."""

from __future__ import annotations

from typing import Any, Final

FORM: Final = "multipart/form-data"
JPEG: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
"""The `responses=` of a route that answers with a photo."""


def photo_form(*sides: str) -> dict[str, Any]:
    """The `openapi_extra=` of an operation that reads its form itself, once the caller is known."""
    schema = {
        "type": "object",
        "required": ["side", "file"],
        "additionalProperties": False,
        "properties": {
            "side": {
                "type": "string",
                "enum": list(sides),
                "description": "Which side of the card the person in the photo holds up.",
            },
            "file": {
                "type": "string",
                "format": "binary",
                "description": "JPEG, PNG or GIF. What it is called does not matter.",
            },
        },
    }
    examples = {side: {"value": {"side": side, "file": "…"}} for side in sides}
    encoding = {"file": {"contentType": "image/jpeg, image/png, image/gif"}}
    content = {FORM: {"schema": schema, "encoding": encoding, "examples": examples}}
    return {"requestBody": {"required": True, "content": content}}
