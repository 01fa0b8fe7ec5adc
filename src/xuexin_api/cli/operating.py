"""Commands for operators: settings, keys, messages, the contract, cleaning."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from xuexin_api.cli.migration import UnknownRevisionError
from xuexin_api.cli.migration import migrate as migrate_database
from xuexin_api.cli.places import Places, open_places, say
from xuexin_api.cli.workbench import make_wiring, with_parts
from xuexin_api.core.clock import SystemClock
from xuexin_api.core.emails import parse_email
from xuexin_api.core.entropy import SystemEntropy
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.messages import message
from xuexin_api.core.phones import parse_phone
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.keys import generate_keys
from xuexin_api.repositories.messages import OutboxRepository
from xuexin_api.services.messaging.outbox import OutboxReading, SentMessage
from xuexin_api.settings import Settings, read_settings


def migrate(revision: Annotated[str, typer.Argument(help="Where to go")] = "head") -> None:
    """Bring the database up to date, making it first where it does not exist."""
    with open_places() as places:
        try:
            asyncio.run(migrate_database(places.database_url, revision))
        except UnknownRevisionError as unknown:
            raise typer.BadParameter(str(unknown), param_hint="REVISION") from None
    say("The database is up to date")


def outbox(
    *,
    to: Annotated[str | None, typer.Option(help="Only to this phone or e-mail")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list on standard output")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first")] = 20,
) -> None:
    """Show the messages that the console gateway kept, newest first."""

    async def work(parts: Wiring, _: Places) -> list[SentMessage]:
        key = None
        if to is not None:
            try:
                key = parts.lookups.email(parse_email(to)) if "@" in to else parts.lookups.phone(parse_phone(to))
            except BrokenRuleError as broken:
                raise typer.BadParameter(message(broken.code, "en"), param_hint="--to") from None
        session = parts.database.session()
        reading = OutboxReading(
            session=session, outbox=OutboxRepository(session), sealer=parts.sealer, clock=parts.clock
        )
        return await reading.list_kept(destination_key=key, most=limit)

    messages = with_parts(work)
    if as_json:
        typer.echo(json.dumps([_as_dict(kept) for kept in messages], ensure_ascii=False, indent=2))
        return
    for kept in messages:
        typer.echo(f"{kept.created_at:%Y-%m-%d %H:%M:%S}  {kept.destination}  {kept.body}")
    if not messages:
        say("No messages")


def _as_dict(kept: SentMessage) -> dict[str, str | None]:
    return {
        "destination": kept.destination,
        "purpose": kept.purpose,
        "code": kept.code,
        "body": kept.body,
        "created_at": kept.created_at.isoformat(),
    }


def show_settings() -> None:
    """Print every setting with its value, default and reason; secrets are hidden."""
    settings = read_settings()
    table = Table("setting", "value", "default", "what for", show_lines=False)
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "(set)" if isinstance(value, SecretStr) else "" if value is None else str(value)
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        table.add_row(f"XUEXIN_{name.upper()}", shown, "" if default is None else str(default), field.description or "")
    Console(width=200).print(table)


def generate() -> None:
    """Print fresh secrets as environment variables. Keep them: without the lookup key nothing is found again."""
    for name, value in generate_keys(SystemEntropy(SystemClock())).items():
        quoted = json.dumps(value) if "\n" in value else value
        typer.echo(f"{name}={quoted}")


def openapi() -> None:
    """Print the contract as JSON."""
    typer.echo(contract())


def contract() -> str:
    """The OpenAPI document as it is committed: the same whatever the settings; needs no database."""
    from xuexin_api.app import create_app  # noqa: PLC0415 - the routes take longer to read than most commands to run

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), environment="demo")
        document = create_app(make_wiring(settings, "postgresql+asyncpg://")).openapi()
    return json.dumps(document, ensure_ascii=False, indent=2)


def purge() -> None:
    """Delete what is past its time; the service does so itself every ten minutes."""

    async def work(parts: Wiring, _: Places) -> int:
        return await parts.housekeeping.purge()

    say(f"{with_parts(work)} rows deleted")
