"""What the service and a process that reads pictures say to each other: bytes, then JSON and bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from xuexin_api.core.errors import PICTURE_REFUSALS, Option, PictureRefusedError
from xuexin_api.core.pictures import AcceptedPicture, PictureHint, PictureRule

ASK: Final = struct.Struct(">?Q")
"""Whether to fit it, and the number of bytes that follow."""
ANSWER: Final = struct.Struct(">?II")
"""Whether it is the last of this process, and the lengths of the document and of the JPEG that follow."""
_REFUSALS: Final = {refusal.code: refusal for refusal in PICTURE_REFUSALS}


def write_answer(answer: AcceptedPicture | PictureRefusedError, *, last: bool) -> bytes:
    """The whole answer."""
    if isinstance(answer, PictureRefusedError):
        jpeg = b""
        document: dict[str, Any] = {
            "refused": answer.code,
            "params": answer.params,
            "options": [option.id for option in answer.options],
        }
    else:
        jpeg = answer.jpeg
        document = {
            "received_sha256": answer.received_sha256.hex(),
            "received_bytes": answer.received_bytes,
            "stored_sha256": answer.stored_sha256.hex(),
            "width": answer.width,
            "height": answer.height,
            "reduced": answer.reduced,
            "hints": [asdict(hint) for hint in answer.hints],
        }
    text = json.dumps(document | {"rules": [asdict(rule) for rule in answer.rules]}).encode()
    return ANSWER.pack(last, len(text), len(jpeg)) + text + jpeg


def read_answer(text: bytes, jpeg: bytes) -> AcceptedPicture:
    """The picture; raises the refusal."""
    document: Mapping[str, Any] = json.loads(text)
    rules = tuple(PictureRule(**rule) for rule in document["rules"])
    if "refused" in document:
        options = tuple(Option(option) for option in document["options"])
        raise _REFUSALS[document["refused"]](rules=rules, params=document["params"], options=options)
    return AcceptedPicture(
        jpeg=jpeg,
        received_sha256=bytes.fromhex(document["received_sha256"]),
        received_bytes=document["received_bytes"],
        stored_sha256=bytes.fromhex(document["stored_sha256"]),
        width=document["width"],
        height=document["height"],
        reduced=document["reduced"],
        rules=rules,
        hints=tuple(PictureHint(**hint) for hint in document["hints"]),
    )
