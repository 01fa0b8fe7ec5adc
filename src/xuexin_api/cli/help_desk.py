"""`xuexin help`: requests to people, and articles of the operator's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from xuexin_api.cli.places import Places, printable, say
from xuexin_api.cli.workbench import with_parts
from xuexin_api.core.errors import HelpRequestNotFoundError, HelpRequestOverError
from xuexin_api.core.help.likeness import Group
from xuexin_api.core.help.tables import known_questions
from xuexin_api.core.help.teaching import Lesson, lessons_of, teach
from xuexin_api.core.help.values import RULES
from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.help_files import folder_files, package_files
from xuexin_api.repositories.help.help_robot import UnansweredRepository
from xuexin_api.schemas.help_desk import LONGEST_ANSWER
from xuexin_api.services.help.library import HelpLibrary, foreign_topics, read_articles
from xuexin_api.services.help.unanswered import UnansweredService
from xuexin_api.services.staff.help_desk import DeskView, HelpDeskService
from xuexin_api.settings import Settings

T = TypeVar("T")
_STATES = ("open", "answered", "closed")
_SHOWN_OF_A_GROUP = 6


def _at_the_desk(work: Callable[[HelpDeskService], Coroutine[Any, Any, T]]) -> T:
    async def run(parts: Wiring, _: Places) -> T:
        return await work(shared.help_desk(parts, parts.database.session()))

    return with_parts(run)


def list_requests(
    *,
    state: Annotated[str, typer.Option(help="open, answered or closed")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, who waits longest first")] = 20,
) -> None:
    """Show the requests to people."""
    if state not in _STATES:
        raise typer.BadParameter(f"one of {', '.join(_STATES)}", param_hint="--state")
    found = _at_the_desk(lambda desk: desk.list_for_state(state, most=limit))
    for request in found:
        _show(request)
    if not found:
        say(f"No {state} requests")


def answer_request(
    request_id: Annotated[UUID, typer.Argument(help="Its id")],
    text: Annotated[str, typer.Argument(help="The answer; - reads it from standard input")],
) -> None:
    """Answer an open request."""
    answer = (sys.stdin.read() if text == "-" else text).strip()
    if not 0 < len(answer) <= LONGEST_ANSWER:
        raise typer.BadParameter(f"1 to {LONGEST_ANSWER} characters", param_hint="TEXT")
    _finish(lambda desk: desk.answer(request_id, answer))


def close_request(request_id: Annotated[UUID, typer.Argument(help="Its id")]) -> None:
    """Close a request, answered or not."""
    _finish(lambda desk: desk.close(request_id))


def learn(file: Annotated[Path, typer.Argument(help="What to write: learnt.npz of the package")]) -> None:
    """Let the robot learn anew from the package's articles and known questions, after a change of either."""
    lessons = package_lessons()
    file.write_bytes(teach(lessons).written())
    say(f"{len(lessons)} questions learnt")


def package_lessons() -> list[Lesson]:
    """What the package's articles and known questions teach."""
    shelf = HelpLibrary(folder=None, values=_values(), every_seconds=1).shelf
    return lessons_of({**dict(shelf.topics), **foreign_topics()}, chain.from_iterable(known_questions().values()))


def _values() -> dict[str, int]:
    return {**RULES, **Settings().help_values()}


def _finish(work: Callable[[HelpDeskService], Coroutine[Any, Any, DeskView]]) -> None:
    try:
        _show(_at_the_desk(work))
    except (HelpRequestNotFoundError, HelpRequestOverError):
        say("No such request in a state that allows this")
        raise typer.Exit(1) from None


def _show(request: DeskView) -> None:
    who = "an account" if request.with_account else "without account"
    typer.echo(f"{request.id}  {request.created_at:%Y-%m-%d %H:%M}  {request.state}  {who}")
    for line in request.question.splitlines():
        typer.echo(f"    {printable(line)}")
    if request.contact is not None:
        typer.echo(f"    contact: {printable(request.contact)}")
    if request.answer is not None:
        typer.echo(f"    answer: {request.answer}")


def list_unanswered(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many groups, the largest first")] = 20,
    newest: Annotated[int, typer.Option(min=1, max=5000, help="Of so many questions that came last")] = 1000,
) -> None:
    """Show the questions that no article answered, alike ones together."""

    async def work(parts: Wiring, _: Places) -> list[Group]:
        session = parts.database.session()
        desk = UnansweredService(
            session=session,
            unanswered=UnansweredRepository(session),
            library=parts.help_library,
            clock=parts.clock,
        )
        return await desk.list_groups(newest=newest)

    groups = with_parts(work)
    for group in groups[:limit]:
        typer.echo(f"{group.times:6}  {printable(group.questions[0].question)}")
        for asked in group.questions[1:_SHOWN_OF_A_GROUP]:
            typer.echo(f"        {asked.times:4}  {printable(asked.question)}")
    if not groups:
        say("No unanswered questions")


def check_articles(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="As XUEXIN_HELP_FOLDER")],
) -> None:
    """Say what is wrong with the articles of a folder, each with file and line."""
    values = tuple(sorted(_values().items()))
    files = folder_files(folder)
    _, troubles = read_articles(package_files(), files, values)
    for trouble in troubles:
        typer.echo(trouble)
    say(f"{len(files)} articles, {len(troubles)} refused")
    if troubles:
        raise typer.Exit(1)
