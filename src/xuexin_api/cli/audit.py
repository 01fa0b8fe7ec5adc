"""`xuexin audit`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from xuexin_api.cli.places import Places, say
from xuexin_api.cli.workbench import with_parts
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.audit_trails import TRAILS
from xuexin_api.services.audit.sealing import Checked

_FAULTS = {
    "changed": "line {line} at place {position} was changed",
    "removed": "the line at place {position} is missing",
    "end_removed": "the lines from place {position} on are missing",
    "head_moved": "the head, at place {position}, is not the last line's",
    "other_head": "at place {position} there is not what was expected",
}


def verify(
    expect: Annotated[
        list[str] | None, typer.Option(help="A head that an earlier check printed and somebody kept elsewhere")
    ] = None,
) -> None:
    """Follow the chained logs from their beginning; an exit of 1 says that a line was changed or taken out.

    Prints each log's head. Who can write to the database can also cut off the end of a log and its head: only a head
    that was kept elsewhere shows that.
    """
    expected = dict(map(_expected, expect or []))

    async def work(parts: Wiring, _: Places) -> list[Checked]:
        await parts.audit.seal()
        return await parts.audit.check(expected)

    checked = with_parts(work)
    for one in checked:
        say(f"{one.trail}: {one.lines} lines hold, {one.waiting} not chained yet")
        print(one.head)  # noqa: T201 - what somebody keeps
        if one.broken is not None:
            say(f"{one.trail}: " + _FAULTS[one.broken.fault].format(position=one.broken.position, line=one.broken.line))
    if any(one.broken for one in checked):
        sys.exit(1)


def _expected(text: str) -> tuple[str, tuple[int, str]]:
    trail, _, rest = text.partition(":")
    position, _, link = rest.partition(":")
    # Of a log without a line, the place is 0 and there is no link.
    if trail not in TRAILS or not position.isdecimal() or (link == "") != (position == "0"):
        raise typer.BadParameter(f"{text!r} is no head that `xuexin audit verify` printed")
    return trail, (int(position), link)
