"""`python -m xuexin_api.gateways.picture_worker POLICY`: reads strangers' pictures where nothing else is.

It holds no key and no connection. Asked through its standard input, it answers through its standard output: a question
is `ASK` and so many bytes, an answer is `ANSWER`, a JSON document and the JPEG. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from dataclasses import asdict
from typing import Any, Final

from xuexin_api.core.errors import PictureRefusedError
from xuexin_api.core.picture_reading import read_picture
from xuexin_api.core.policies import PicturePolicy

ASK: Final = struct.Struct(">?Q")
"""Whether to fit it, and the number of bytes that follow."""
ANSWER: Final = struct.Struct(">II")
"""The lengths of the document and of the JPEG that follow."""


def main() -> None:
    """Answer until the input ends."""
    policy = PicturePolicy(**json.loads(sys.argv[1]))
    _step_back()
    questions = sys.stdin.buffer
    # Whatever prints must not speak in between.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while head := questions.read(ASK.size):
        fit, length = ASK.unpack(head)
        document, jpeg = _answer(questions.read(length), fit=fit, policy=policy)
        text = json.dumps(document).encode()
        answers.write(ANSWER.pack(len(text), len(jpeg)) + text)
        answers.write(jpeg)
        answers.flush()


def _answer(data: bytes, *, fit: bool, policy: PicturePolicy) -> tuple[dict[str, Any], bytes]:
    try:
        picture = read_picture(data, fit=fit, policy=policy)
    except PictureRefusedError as refused:
        return {
            "refused": refused.code,
            "params": refused.params,
            "options": [option.id for option in refused.options],
            "rules": [asdict(rule) for rule in refused.rules],
        }, b""
    return {
        "received_sha256": picture.received_sha256.hex(),
        "received_bytes": picture.received_bytes,
        "stored_sha256": picture.stored_sha256.hex(),
        "width": picture.width,
        "height": picture.height,
        "reduced": picture.reduced,
        "rules": [asdict(rule) for rule in picture.rules],
        "hints": [asdict(hint) for hint in picture.hints],
    }, picture.jpeg


def _step_back() -> None:
    """Behind the event loop, whose callers wait."""
    if hasattr(os, "nice"):
        os.nice(15)


if __name__ == "__main__":
    main()
