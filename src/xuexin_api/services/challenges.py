"""Proof of work: given per purpose and address, accepted once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import altcha

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import AddressLimitedError, ChallengeRejectedError
from xuexin_api.core.policies import ChallengePolicy
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.codes import CodeRepository

_ALGORITHM: Final = "PBKDF2/SHA-256"
_MOST_DOUBLINGS: Final = 4
_ACTIVITY: Final = 100_000
_HOUR: Final = 3600
_MINUTE: Final = 60


class _SignedError(Exception):
    """Carries out of the library that the signature holds, before it does what is dear."""


@dataclass(frozen=True, slots=True)
class AnsweredChallenge:
    """A challenge of ours with an answer that was not looked at yet."""

    nonce: str
    expires_at: datetime
    payload: altcha.Payload


class ChallengeService:
    """Issues altcha challenges, dearer for busy addresses, and judges their answers."""

    def __init__(self, *, secret: str, policy: ChallengePolicy, throttle: Throttle, clock: Clock) -> None:
        self._secret = secret
        self._policy = policy
        self._throttle = throttle
        self._clock = clock

    async def issue(self, purpose: str, *, network: str) -> dict[str, Any]:
        """An altcha version 2 challenge bound to `purpose`: {parameters, signature}."""
        wait = await self._throttle.hit("challenges", network, most=self._policy.per_address_minute, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        activity = await self._throttle.count("activity", network, most=_ACTIVITY, seconds=_HOUR)
        doublings = min(activity // self._policy.doubles_every, _MOST_DOUBLINGS)
        challenge = altcha.create_challenge(
            _ALGORITHM,
            self._policy.cost * 2**doublings,
            expires_at=self._clock.now() + timedelta(seconds=self._policy.lifetime),
            data={"purpose": purpose},
            hmac_secret=self._secret,
        )
        return dict(challenge.to_dict())

    async def note_activity(self, network: str) -> None:
        """A code asked for or a failure: the next challenges of this address may cost more."""
        await self._throttle.hit("activity", network, most=_ACTIVITY, seconds=_HOUR)

    def read(self, answer: str, *, purpose: str) -> AnsweredChallenge:
        """A living challenge that we gave for `purpose`, or ChallengeRejectedError.

        The caller uses it up with `spend`, and then has its answer judged: a wrong one is as dear to check as a right
        one, and so costs a challenge.
        """
        try:
            payload = altcha.Payload.from_base64(answer)
            parameters = payload.challenge.parameters
            altcha.verify_solution(payload, self._secret, derive_key=_stop)
        except _SignedError:
            if parameters.data == {"purpose": purpose} and isinstance(parameters.expires_at, int):
                expires_at = datetime.fromtimestamp(parameters.expires_at, UTC)
                if expires_at > self._clock.now():
                    return AnsweredChallenge(parameters.nonce, expires_at, payload)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            pass
        raise ChallengeRejectedError

    async def judge(self, answered: AnsweredChallenge) -> None:
        """ChallengeRejectedError unless the answer is right."""
        # Off the loop: a dear challenge is dear to check as well.
        result = await asyncio.to_thread(altcha.verify_solution, answered.payload, self._secret)
        if not result.verified:
            raise ChallengeRejectedError


def _stop(*_: object) -> bytes:
    raise _SignedError


async def spend(codes: CodeRepository, answered: AnsweredChallenge) -> None:
    """Use the challenge up, in the caller's transaction; ChallengeRejectedError where it was used before."""
    if not await codes.spend_challenge(answered.nonce, expires_at=answered.expires_at):
        raise ChallengeRejectedError
