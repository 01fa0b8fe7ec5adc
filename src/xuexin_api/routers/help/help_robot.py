"""学信机器人: a dialogue, its messages, and what of it an account keeps."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    AddressLimitedError,
    ConversationNotFoundError,
    TokenInvalidError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import (
    LOGGED_IN,
    CallerClaims,
    RequestLanguage,
    RequestSource,
    SentClaims,
    WantsEvents,
)
from xuexin_api.dependencies.help import dialogue_service, robot_service
from xuexin_api.openapi import EVENTS, once, refusals
from xuexin_api.routers.help import help_presentation as show
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.help_robot import (
    AskedMessageList,
    ConversationList,
    ConversationOpened,
    OpenConversation,
    RobotAnswer,
    SendMessage,
)
from xuexin_api.services.help.dialogues import DialogueService
from xuexin_api.services.help.robot import RobotService

router = APIRouter(prefix="/v1/help/conversations", tags=["help"], route_class=StrictRoute)
Robot = Annotated[RobotService, Depends(robot_service)]
Dialogues = Annotated[DialogueService, Depends(dialogue_service)]
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            EVENTS: {
                "schema": {
                    "type": "string",
                    "description": "Events `text` with `{text}`, pieces of what the robot says, then one event "
                    "`answer` with the whole answer.",
                }
            }
        }
    }
}


@router.post(
    "",
    status_code=201,
    summary="Begin a dialogue with the robot",
    openapi_extra=once(secret=False),
    responses=refusals(TokenInvalidError, AddressLimitedError),
)
async def open_conversation(
    _: OpenConversation, source: RequestSource, language: RequestLanguage, claims: SentClaims, robot: Robot
) -> ConversationOpened:
    """With an access token it is the account's, who can read and erase it; without one it is forgotten after a day."""
    return show.opened(await robot.open(claims=claims, network=source.network), language)


@router.post(
    "/{conversation_id}/messages",
    summary="Ask the robot",
    response_model=RobotAnswer,
    responses=_EVENTS
    | refusals(TokenInvalidError, ConversationNotFoundError, AddressLimitedError, TooManyOperationsError),
)
async def send_help_message(
    conversation_id: PathId,
    body: SendMessage,
    source: RequestSource,
    language: RequestLanguage,
    claims: SentClaims,
    events: WantsEvents,
    robot: Robot,
) -> RobotAnswer | Response:
    """Answers with an article, asks back, or says that it does not know and offers a person.

    Only the help centre speaks: nothing that is told is believed, and no personal data is looked at. Server-sent events
    for `Accept: text/event-stream`. Asked again it answers again, so it takes no Idempotency-Key.
    """
    answer = await robot.ask(conversation_id, body.text, language, claims=claims, network=source.network)
    return show.robot_answer(answer, language, events=events)


@router.get("", summary="My dialogues", responses=refusals(*LOGGED_IN))
async def list_conversations(
    claims: CallerClaims, dialogues: Dialogues, cursor: PageCursor = None, limit: PageLimit = 20
) -> ConversationList:
    """Those of the account, newest first."""
    return ConversationList.model_validate(await dialogues.list_own(claims, cursor=cursor, most=limit))


@router.get(
    "/{conversation_id}/messages",
    summary="What I asked in a dialogue",
    responses=refusals(*LOGGED_IN, ConversationNotFoundError),
)
async def list_help_messages(
    conversation_id: PathId,
    claims: CallerClaims,
    dialogues: Dialogues,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> AskedMessageList:
    """Newest first, as they were kept: masked."""
    page = await dialogues.list_messages(conversation_id, claims, cursor=cursor, most=limit)
    return AskedMessageList.model_validate(page)


@router.delete(
    "/{conversation_id}",
    status_code=204,
    summary="Erase a dialogue of mine",
    responses=refusals(*LOGGED_IN, ConversationNotFoundError),
)
async def delete_conversation(conversation_id: PathId, claims: CallerClaims, dialogues: Dialogues) -> None:
    """With all that was asked in it."""
    await dialogues.erase(conversation_id, claims)
