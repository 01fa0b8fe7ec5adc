"""What a decoder of JPEGs thought of a file that it drew all the same.

Where a scan ends early, the decoder makes up the rest and goes on; it says so once, on the error stream of its process,
and nowhere else. So that stream is listened to while the file is drawn at an eighth, which asks for every bit of every
scan and keeps next to nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

_ERRORS: Final = 2
_MOST_HEARD: Final = 4096


def leaves_doubts(jpeg: bytes) -> bool:
    """Whether any scan holds less, or other things, than it should. For a process that draws one picture at a time."""
    drawn = False

    def draw() -> None:
        nonlocal drawn
        with contextlib.suppress(cv2.error):
            drawn = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8) is not None

    heard = _said_by(draw)
    return bool(heard) or not drawn


def _said_by(work: Callable[[], None]) -> bytes:
    """What was written to the error stream meanwhile, by whatever library."""
    listening, speaking = os.pipe()
    # Who says more than a pipe holds is heard well enough.
    os.set_blocking(speaking, False)
    kept = os.dup(_ERRORS)
    os.dup2(speaking, _ERRORS)
    os.close(speaking)
    try:
        work()
    finally:
        os.dup2(kept, _ERRORS)
        os.close(kept)
        said = os.read(listening, _MOST_HEARD)
        os.close(listening)
    return said
