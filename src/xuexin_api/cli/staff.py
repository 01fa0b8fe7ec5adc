"""`xuexin staff`: who works here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from xuexin_api.cli.places import Places, say
from xuexin_api.cli.workbench import with_parts
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.messages import message
from xuexin_api.core.staff import Role
from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.staff.office_contacts import ContactRow, OfficeContactRepository
from xuexin_api.services.staff.office_contact import OfficeContactReading
from xuexin_api.services.staff.staff_accounts import Invitation, StaffAccountService

T = TypeVar("T")
LoginName = Annotated[str, typer.Argument(help="3 to 40 of a-z, 0-9, dot, dash, underscore")]


def add(
    login_name: LoginName,
    *,
    role: Annotated[Role, typer.Option(help="What the member does")],
    document: Annotated[str, typer.Option(prompt=True, help="Own document number: cases about it are not theirs")],
    phone: Annotated[str, typer.Option(prompt=True, help="Own phone, for the same reason")],
    institution: Annotated[str | None, typer.Option(help="10-digit code; a registrar works for one")] = None,
    province: Annotated[str | None, typer.Option(help="2 digits, the 3rd and 4th of its schools' codes")] = None,
) -> None:
    """Make a member of staff and print the invitation to set password and second factor."""
    made = _do(
        lambda staff: staff.add(
            login_name=login_name,
            role=role,
            document_number=document,
            phone=phone,
            institution_code=institution,
            province=province,
        )
    )
    _print(made)


def invite(login_name: LoginName) -> None:
    """A new invitation for a lost password or device; what was set before, and every session, ends."""
    _print(_do(lambda staff: staff.invite_again(login_name)))


def disable(login_name: LoginName) -> None:
    """The member is out at the next request. What they decided stays."""
    _do(lambda staff: staff.disable(login_name))
    say(f"{login_name} is disabled")


def list_staff() -> None:
    """Every member: name, role, institution or province, state."""
    for member in _do(lambda staff: staff.list_all()):
        place = member.institution_code or member.province or "-"
        typer.echo(f"{member.login_name}\t{member.role}\t{place}\t{member.state}")


def list_offices() -> None:
    """Every school and province that somebody works for: whether it can be told of its work, and when it was last."""

    async def work(parts: Wiring, _: Places) -> list[ContactRow]:
        session = parts.database.session()
        contacts = OfficeContactRepository(session)
        return await OfficeContactReading(session=session, contacts=contacts, clock=parts.clock).list_all()

    for contact in with_parts(work):
        state = "none" if contact.proven_at is None else f"proven {contact.proven_at:%Y-%m-%d}"
        told = "never" if contact.told_at is None else f"{contact.told_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{contact.office}\t{state}\ttold {told}")


def _print(invitation: Invitation) -> None:
    typer.echo(invitation.link)
    say(f"Hand the link over in person. It is told once and good until {invitation.expires_at:%Y-%m-%d %H:%M} UTC.")


def _do(ask: Callable[[StaffAccountService], Coroutine[Any, Any, T]]) -> T:
    """What the service answers; what does not fit is one sentence."""

    async def work(parts: Wiring, _: Places) -> T:
        return await ask(shared.staff_accounts(parts, parts.database.session()))

    try:
        return with_parts(work)
    except BrokenRuleError as broken:
        say(f"{broken.code}: {message(broken.code, 'en', **broken.params)}")
        raise typer.Exit(1) from None
