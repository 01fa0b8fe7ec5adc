"""Talking with the robot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.help_centre import HelpTopic, Question, ServiceResource, ShortAnswer, Slug
from xuexin_api.schemas.types import Choice, Id, Input, Moment, NextCursor, Output

_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
# Far more than a message may have as people count: an emoji of a family is one character and eleven code points.
MessageText = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
AnswerReason = Annotated[
    Literal["matched", "chosen", "ambiguous", "unknown", "nothing_asked"],
    Field(
        description="`matched`: the article answers. `chosen`: one of the suggestions was picked. `ambiguous`: which "
        "of the suggestions is meant? `unknown`: no article answers; a person may. `nothing_asked`: no words.",
        examples=["matched"],
    ),
]


class OpenConversation(Input):
    """Nothing to say yet."""


class ConversationOpened(Output):
    id: Id = Field(
        description="Send messages to `/v1/help/conversations/{conversation_id}/messages` with it.", examples=[_ID]
    )
    greeting: str = Field(description="By the time of day in China.", examples=["早上好！"])
    max_characters: int = Field(description="What a message may have, as people count characters.", examples=[100])


class SendMessage(Input):
    text: MessageText = Field(
        description="A question, or the number of a suggestion. Write no passwords and no numbers of documents.",
        examples=["密码忘了怎么办"],
    )


class RobotArticle(Output):
    slug: Slug
    question: Question
    short_answer: ShortAnswer
    path: str = Field(description="The article that says so.", examples=["/v1/help/articles/recover-password"])
    resources: list[ServiceResource] = Field(
        description="Operations of this service that do what the article speaks of."
    )


class RobotAnswer(Output):
    answered: bool = Field(description="Whether an article answers.", examples=[True])
    reason: AnswerReason
    text: str = Field(description="What the robot says.", examples=["提交用户名、姓名和证件号码……"])
    article: RobotArticle | None = Field(
        description="The article that answers; null where none does.",
        examples=[
            {
                "slug": "recover-password",
                "question": "如何找回密码？",
                "short_answer": "提交用户名、姓名和证件号码，选择返回的一种方式验证，然后设置新密码。",
                "path": "/v1/help/articles/recover-password",
                "resources": [{"method": "POST", "path": "/v1/recovery/password"}],
            }
        ],
    )
    suggestions: list[HelpTopic] = Field(
        description="Topics that may be meant: their numbers, from 1, choose one. Beside an article, those related to "
        "it."
    )
    remaining_characters: int = Field(description="How many more the message could have had.", examples=[93])
    next: list[Choice] = Field(description="What can be done now.")


class Conversation(Output):
    id: Id = Field(examples=[_ID])
    created_at: Moment = Field(description="When it was opened.", examples=["2026-11-24T09:00:00Z"])
    expires_at: Moment = Field(description="It is deleted then.", examples=["2027-05-23T09:00:00Z"])


class ConversationList(Output):
    items: list[Conversation] = Field(description="Newest first.")
    next_cursor: NextCursor


class AskedMessage(Output):
    id: Id = Field(examples=[_ID])
    text: str = Field(description="As it was kept: numbers, addresses and names masked.", examples=["密码忘了怎么办"])
    reason: AnswerReason
    slug: str | None = Field(
        description="The article that answered; null where none did.", examples=["recover-password"]
    )
    at: Moment = Field(description="When it was asked.", examples=["2026-11-24T09:00:00Z"])


class AskedMessageList(Output):
    items: list[AskedMessage] = Field(description="Newest first.")
    next_cursor: NextCursor
