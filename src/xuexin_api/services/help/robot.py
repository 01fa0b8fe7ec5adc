"""学信机器人: answers from the help centre, asks back, or says that it does not know; it never guesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import CHINA, Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    AddressLimitedError,
    ConversationNotFoundError,
    FieldProblem,
    InvalidRequestError,
    Option,
    TooManyOperationsError,
)
from xuexin_api.core.help.articles import Article
from xuexin_api.core.help.masking import mask
from xuexin_api.core.help.matching import Match
from xuexin_api.core.help.typed import count_characters, greeting, picked, says_something
from xuexin_api.core.messages import Language
from xuexin_api.core.policies import RobotPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.help.help_robot import ConversationRepository, ConversationRow, UnansweredRepository
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.help.interest import HelpInterest
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.services.lookups import Lookups

MESSAGE_CONTEXT: Final = b"help message"
Reason: TypeAlias = Literal["matched", "chosen", "ambiguous", "unknown", "nothing_asked"]
_CONVERSATIONS: Final = "help_conversations"
_MESSAGES: Final = "help_messages"
_DIALOGUE: Final = "help_dialogue"
_MINUTE: Final = 60
_HOUR: Final = 3600
_MOST_SUGGESTIONS: Final = 3
_TO_A_PERSON: Final = (Option("ask_a_person"),)
_LOG = structlog.get_logger("robot")


@dataclass(frozen=True, slots=True)
class Opened:
    """A new dialogue; the greeting is a word of the catalogue."""

    id: UUID
    greeting: str
    max_characters: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the robot says."""

    reason: Reason
    article: Article | None
    suggestions: tuple[Article, ...]
    remaining_characters: int
    next: tuple[Option, ...]


class RobotService(Service):
    """Limits come first; what is kept of a question is masked before."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        conversations: ConversationRepository,
        unanswered: UnansweredRepository,
        callers: Callers,
        library: HelpLibrary,
        interest: HelpInterest,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: RobotPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._conversations = conversations
        self._unanswered = unanswered
        self._callers = callers
        self._library = library
        self._interest = interest
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def open(self, *, claims: Claims | None, network: str) -> Opened:
        """A dialogue, of the account where a token was sent."""
        await self._limit_address(_CONVERSATIONS, network)
        now = self._clock.now()
        kept = self._policy.kept if claims is None else self._policy.kept_with_account
        row = ConversationRow(
            id=self._entropy.identifier(),
            account_id=None,
            offered=[],
            created_at=now,
            expires_at=now + timedelta(seconds=kept),
        )
        async with self._transaction():
            account_id = None if claims is None else (await self._callers.account_of(claims)).id
            values = {name: getattr(row, name) for name in ConversationRow.__slots__}
            await self._conversations.add(values | {"account_id": account_id})
        return Opened(row.id, greeting(now.astimezone(CHINA).hour), self._policy.longest)

    async def ask(
        self, conversation_id: UUID, text: str, language: Language, *, claims: Claims | None, network: str
    ) -> Answer:
        """The answer. A dialogue that is unknown, over, or somebody else's is refused alike."""
        await self._limit_address(_MESSAGES, network)
        wait = await self._throttle.hit(
            _DIALOGUE, str(conversation_id), most=self._policy.per_conversation_minute, seconds=_MINUTE
        )
        if wait is not None:
            raise TooManyOperationsError(retry_after=wait)
        length = count_characters(text)
        if length > self._policy.longest:
            problem = FieldProblem("/text", "message_too_long", {"longest": self._policy.longest, "length": length})
            raise InvalidRequestError([problem])
        async with self._read():
            conversation = await self._get(conversation_id, claims)
        answer, match = self._answer(conversation, text, language, remaining=self._policy.longest - length)
        await self._keep(conversation, text, answer, match)
        if self._policy.log:
            _log(answer, match)
        return answer

    async def _get(self, conversation_id: UUID, claims: Claims | None) -> ConversationRow:
        found = await self._conversations.get(conversation_id, now=self._clock.now())
        if found is None:
            raise ConversationNotFoundError
        if found.account_id is not None:
            if claims is None or claims.account_id != found.account_id:
                raise ConversationNotFoundError
            await self._callers.account_of(claims)
        return found

    def _answer(
        self, conversation: ConversationRow, text: str, language: Language, *, remaining: int
    ) -> tuple[Answer, Match | None]:
        shelf = self._library.shelf

        def articles(slugs: list[str]) -> tuple[Article, ...]:
            found = (shelf.get(slug, language) for slug in slugs[:_MOST_SUGGESTIONS])
            return tuple(article for article in found if article is not None)

        if not says_something(text):
            return Answer("nothing_asked", None, (), remaining, ()), None
        chosen = picked(text, conversation.offered)
        article = None if chosen is None else shelf.get(chosen, language)
        if article is not None:
            return Answer("chosen", article, articles(list(article.related)), remaining, ()), None
        match = self._library.matcher().match(text)
        near = [one.slug for one in match.near]
        if match.outcome == "matched":
            article = shelf.get(near[0], language)
        if article is None:
            reason: Reason = "ambiguous" if match.outcome == "ambiguous" else "unknown"
            return Answer(reason, None, articles(near), remaining, _TO_A_PERSON), match
        neighbours = [slug for slug in (*near[1:], *article.related) if slug != article.slug]
        return Answer("matched", article, articles(list(dict.fromkeys(neighbours))), remaining, ()), match

    async def _keep(self, conversation: ConversationRow, text: str, answer: Answer, match: Match | None) -> None:
        """Of a dialogue without account only what it was offered; of an unanswered question, that it was asked."""
        if answer.article is not None:
            self._interest.note_asked(answer.article.slug)
        offered = [] if answer.article is not None else [one.slug for one in answer.suggestions]
        unanswered = match is not None and answer.article is None
        if offered == conversation.offered and conversation.account_id is None and not unanswered:
            return
        now = self._clock.now()
        masked = mask(text)
        async with self._transaction():
            if offered != conversation.offered:
                await self._conversations.note_offered(conversation.id, offered)
            if conversation.account_id is not None:
                await self._conversations.add_message(
                    {
                        "id": self._entropy.identifier(),
                        "conversation_id": conversation.id,
                        "account_id": conversation.account_id,
                        "text": self._sealer.seal(masked.encode(), MESSAGE_CONTEXT),
                        "reason": answer.reason,
                        "slug": None if answer.article is None else answer.article.slug,
                        "at": now,
                    }
                )
            if unanswered:
                await self._unanswered.add(
                    {
                        "question_hash": self._lookups.attempt("help question", masked.casefold()),
                        "question": masked,
                        "reason": answer.reason,
                        "nearest": answer.suggestions[0].slug if answer.suggestions else None,
                        "last_at": now,
                        "expires_at": now + timedelta(seconds=self._policy.unanswered_kept),
                    }
                )

    async def _limit_address(self, name: str, network: str) -> None:
        wait = await self._throttle.hit(name, network, most=self._policy.per_address_hour, seconds=_HOUR)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)


def _log(answer: Answer, match: Match | None) -> None:
    """Why: in the words of articles and tables, never in those of the question."""
    best = None if match is None or not match.near else match.near[0]
    _LOG.info(
        "answered",
        reason=answer.reason,
        slug=None if answer.article is None else answer.article.slug,
        nearest=None if best is None else best.slug,
        score=None if best is None else round(best.score, 3),
        coverage=None if match is None else round(match.coverage, 2),
        why=[] if match is None else list(match.why),
    )
