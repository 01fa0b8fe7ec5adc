"""Pictures are read in processes of their own, as many as cores: a decoder of strangers' bytes may fail, or be taken.

Such a process holds no key, takes memory that is its own and ends with it, and is ended where it computes too long.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Final, TypeAlias

from xuexin_api.core.errors import PictureBombError, PictureDamagedError, ServiceBusyError
from xuexin_api.core.picture_reading import check_size
from xuexin_api.core.pictures import AcceptedPicture, PictureRule
from xuexin_api.core.policies import PicturePolicy
from xuexin_api.gateways.bounded_pool import BoundedPool, PoolBounds
from xuexin_api.gateways.picture_answers import ANSWER, ASK, read_answer

Bytes: TypeAlias = bytes | bytearray
_OWN: Final = "XUEXIN_"
_LIBRARIES: Final = {"OPENBLAS_NUM_THREADS": "1", "PILLOW_BLOCKS_MAX": "6"}
_SECONDS_TO_END: Final = 5.0
_PATIENCE_SECONDS: Final = 120.0
_RETRY_AFTER: Final = 30
_COMPUTED_TOO_LONG: Final = getattr(signal, "SIGPROF", None)


class PictureIntake:
    """Takes uploaded pictures: never more at once than processes, never more waiting than the queue holds."""

    def __init__(self, policy: PicturePolicy, bounds: PoolBounds) -> None:
        self._policy = policy
        self._pool = BoundedPool("pictures", bounds, heavy=False)
        # The last used is the next used: one caller at a time needs one process.
        self._idle: queue.LifoQueue[_Reader] = queue.LifoQueue()

    async def take(self, data: Bytes, *, fit: bool) -> AcceptedPicture:
        """The picture drawn anew; PictureRefusedError where it breaks a rule, ServiceBusyError where too many wait."""
        check_size(len(data), fit=fit, policy=self._policy)
        return await self._pool.run(lambda: self._read(data, fit=fit))

    def close(self) -> None:
        """Let what is being read be read, and end the processes."""
        self._pool.close()
        while not self._idle.empty():
            self._idle.get().end()

    def _read(self, data: Bytes, *, fit: bool) -> AcceptedPicture:
        reader = self._reader()
        try:
            text, jpeg = reader.ask(data, fit=fit)
        except BaseException:
            reader.end()
            raise
        if reader.spent:
            reader.end()
        else:
            self._idle.put(reader)
        return read_answer(text, jpeg)

    def _reader(self) -> _Reader:
        """One that waits, or a new one. What died while it waited was ended by no picture, and takes none with it."""
        while True:
            try:
                reader = self._idle.get_nowait()
            except queue.Empty:
                return _Reader(self._policy)
            if reader.lives:
                return reader
            reader.end()


class _Reader:
    """One process."""

    def __init__(self, policy: PicturePolicy) -> None:
        self.spent = False
        """Whether it answers no more."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program and our own settings
            [sys.executable, "-P", "-m", "xuexin_api.gateways.picture_worker", json.dumps(asdict(policy))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # None of our settings, of which some are secrets. One thread, for there is one picture at a time, and its
            # memory (six blocks of 16 MB) for the next one: to ask the system anew costs a twentieth of its time.
            env={name: value for name, value in os.environ.items() if not name.startswith(_OWN)} | _LIBRARIES,
            # An interrupt at the keyboard is for the service, which ends its readers itself.
            # Of a group and not of a session: Linux may weigh sessions against each other, whatever their niceness.
            process_group=0,
        )

    @property
    def lives(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def ask(self, data: Bytes, *, fit: bool) -> tuple[bytes, bytes]:
        """The answer.

        PictureBombError where it computes too long, PictureDamagedError where the picture ends the process, and
        ServiceBusyError where the machine has no time for it.
        """
        hopeless = threading.Event()

        def give_up() -> None:
            hopeless.set()
            self._process.kill()

        patience = threading.Timer(_PATIENCE_SECONDS, give_up)
        patience.start()
        try:
            return self._exchange(data, fit=fit)
        except (BrokenPipeError, EOFError):
            ended_by = -self._process.wait(_SECONDS_TO_END)
            if hopeless.is_set():
                raise ServiceBusyError(retry_after=_RETRY_AFTER) from None
            refusal = PictureBombError if ended_by == _COMPUTED_TOO_LONG else PictureDamagedError
            raise refusal(rules=(PictureRule(refusal.rule, passed=False, code=refusal.code),)) from None
        finally:
            patience.cancel()

    def end(self) -> None:
        """Now if it is at work, and at once if it is not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(_SECONDS_TO_END)

    def _exchange(self, data: Bytes, *, fit: bool) -> tuple[bytes, bytes]:
        assert self._process.stdin is not None
        self._process.stdin.write(ASK.pack(fit, len(data)))
        self._process.stdin.write(data)
        self._process.stdin.flush()
        self.spent, text, jpeg = ANSWER.unpack(self._get(ANSWER.size))
        return self._get(text), self._get(jpeg)

    def _get(self, length: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(length)
        if len(data) < length:
            raise EOFError
        return data
