"""`python -m xuexin_api.gateways.picture_worker POLICY`: reads strangers' pictures where nothing else is.

It holds no key and no connection. Asked through its standard input, it answers through its standard output, and ends
when its input does.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import Final

from xuexin_api.core.errors import PictureRefusedError
from xuexin_api.core.picture_hints import look
from xuexin_api.core.picture_reading import read_picture
from xuexin_api.core.pictures import AcceptedPicture
from xuexin_api.core.policies import PicturePolicy
from xuexin_api.gateways.picture_answers import ASK, write_answer
from xuexin_api.gateways.picture_doubts import leaves_doubts

if sys.platform == "linux":
    import resource

_OWN_BYTES: Final = 128 * 1024 * 1024
"""What the program and its libraries take, and what the allocator keeps of the last picture."""
_MOST_KIBIBYTES: Final = 180 * 1024
_NICENESS: Final = 10
_SLICE_NANOSECONDS: Final = 100_000
_SET_ATTRIBUTES: Final = {"x86_64": 314, "aarch64": 274}
"""The numbers of `sched_setattr`, which the C library has no function for."""


def main() -> None:
    """Answer until the input ends."""
    policy = PicturePolicy(**json.loads(sys.argv[1]))
    _keep_back(policy)
    questions = sys.stdin.buffer
    # Whatever prints must not speak in between.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while head := questions.read(ASK.size):
        fit, length = ASK.unpack(head)
        data = questions.read(length)
        _bound(policy.longest_seconds)
        answer = _answer(data, fit=fit, policy=policy)
        _bound(0)
        last = _grown()
        answers.write(write_answer(answer, last=last))
        answers.flush()
        if last:
            break


def _keep_back(policy: PicturePolicy) -> None:
    """Behind the event loop, whose callers wait; and a net under what no rule foresees: so much memory and no more."""
    if sys.platform == "linux":
        os.nice(_NICENESS)
        _use_short_slices()
        most = _OWN_BYTES + 2 * 4 * policy.most_pixels
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _use_short_slices() -> None:
    """Step aside within a tenth of a millisecond.

    Niceness says how much is computed, not how soon it stops: whoever wakes up waits until the slice that runs is over,
    some milliseconds, and a read of the archive wakes four times. Linux takes the length of slices since 6.12; an older
    kernel, or one that is not asked, keeps its own, and the reads wait a little.
    """
    call = _SET_ATTRIBUTES.get(os.uname().machine)
    if call is not None:
        attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, 0, _NICENESS, 0, _SLICE_NANOSECONDS, 0, 0)
        ctypes.CDLL(None).syscall(call, 0, attributes, 0)


def _bound(seconds: float) -> None:
    """Ended by the system, in the middle of a decoder if need be, when so long was computed; 0 takes it back."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _grown() -> bool:
    """Whether so much was taken that the next large picture might find no room between what is left of this one."""
    if sys.platform != "linux":
        return False
    # Not from getrusage: there a process begins with the size of the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) > _MOST_KIBIBYTES


def _answer(data: bytes, *, fit: bool, policy: PicturePolicy) -> AcceptedPicture | PictureRefusedError:
    try:
        return read_picture(data, fit=fit, policy=policy, look=look, doubt=leaves_doubts)
    except PictureRefusedError as refused:
        return refused


if __name__ == "__main__":
    main()
