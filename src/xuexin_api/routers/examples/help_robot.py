"""What the robot says in each case, in both languages."""

from __future__ import annotations

from typing import Final

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language, message
from xuexin_api.openapi import EVENTS, Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID
from xuexin_api.routers.help.help_presentation import robot_events
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas.help_centre import HelpTopic, ServiceResource
from xuexin_api.schemas.help_robot import ConversationOpened, RobotAnswer, RobotArticle

_TOPICS: Final = {
    "recover-password": ("如何找回密码？", "How do I recover my password?"),
    "change-password": ("如何修改密码？", "How do I change my password?"),
    "third-party-login": ("如何用微博、支付宝、微信登录？", "How do I log in with Weibo, Alipay or WeChat?"),
    "third-party-unlink": (
        "如何解除微博、支付宝等第三方登录？",
        "How do I unlink a third-party login such as Weibo or Alipay?",
    ),
}


def _topic(slug: str, language: Language) -> HelpTopic:
    return HelpTopic(slug=slug, question=_TOPICS[slug][language == "en"])


def _opened(language: Language) -> ConversationOpened:
    words = message("robot_greeting_morning", language) + message("robot_invites", language)
    return ConversationOpened(id=AN_ID, greeting=words, max_characters=100)


def _matched(language: Language) -> RobotAnswer:
    chinese = "提交用户名、姓名和证件号码，选择返回的一种方式验证，然后设置新密码。"
    english = "Send username, name and document number, prove yourself by one of the ways, and set a new password."
    words = english if language == "en" else chinese
    article = RobotArticle(
        **_topic("recover-password", language).model_dump(),
        short_answer=words,
        path="/v1/help/articles/recover-password",
        resources=[ServiceResource(method="POST", path="/v1/recovery/password")],
    )
    return RobotAnswer(
        answered=True,
        reason="matched",
        text=words,
        article=article,
        suggestions=[_topic("change-password", language)],
        remaining_characters=93,
        next=[],
    )


def _ambiguous(language: Language) -> RobotAnswer:
    return RobotAnswer(
        answered=False,
        reason="ambiguous",
        text=message("robot_ambiguous", language),
        article=None,
        suggestions=[_topic("third-party-login", language), _topic("third-party-unlink", language)],
        remaining_characters=96,
        next=choices([Option("ask_a_person")], language),
    )


def _unknown(language: Language) -> RobotAnswer:
    return RobotAnswer(
        answered=False,
        reason="unknown",
        text=message("robot_unknown", language),
        article=None,
        suggestions=[],
        remaining_characters=93,
        next=choices([Option("ask_a_person")], language),
    )


def _nothing(language: Language) -> RobotAnswer:
    return RobotAnswer(
        answered=False,
        reason="nothing_asked",
        text=message("robot_nothing_asked", language),
        article=None,
        suggestions=[],
        remaining_characters=98,
        next=[],
    )


def _streamed(language: Language) -> str:
    return "".join(robot_events(_matched(language), language))


HELP_ROBOT: Final[Examples] = {
    "open_conversation": {"morning": Shown("In the morning.", _opened)},
    "send_help_message": {
        "matched": Shown("An article answers.", _matched),
        "ambiguous": Shown("Several are as likely.", _ambiguous),
        "unknown": Shown("No article answers.", _unknown),
        "nothing_asked": Shown("There were no words.", _nothing),
        "streamed": Shown("An article answers, as events.", _streamed, kind=EVENTS),
    },
}
