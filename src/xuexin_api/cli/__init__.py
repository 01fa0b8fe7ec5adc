"""`xuexin`, the command line."""

from __future__ import annotations

import signal
import sys

import asyncpg
import typer

from xuexin_api.cli import audit, demo, help_desk, import_worker, imports, operating
from xuexin_api.cli import staff as staff_commands
from xuexin_api.cli.journey import journey
from xuexin_api.cli.places import say
from xuexin_api.settings import SettingsError


def serve() -> None:
    """Serve until told to stop."""
    from xuexin_api.cli import serving  # noqa: PLC0415 - the routes take longer to read than most commands to run

    serving.serve()


app = typer.Typer(
    help="Accounts and the academic archive.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve)
app.command("migrate")(operating.migrate)
app.command("demo-data")(demo.demo_data)
app.command("journey")(journey)
app.command("outbox")(operating.outbox)
app.command("settings")(operating.show_settings)
app.command("openapi")(operating.openapi)
app.command("purge")(operating.purge)

institutions = typer.Typer(help="The ministry's list of institutions.", no_args_is_help=True)
institutions.command("import")(imports.import_institutions)
app.add_typer(institutions, name="institutions")

roster = typer.Typer(help="Schools' rosters.", no_args_is_help=True)
roster.command("import")(imports.import_roster)
roster.command("generate")(demo.generate_roster)
app.add_typer(roster, name="roster")

graduates = typer.Typer(help="Schools' lists of graduates.", no_args_is_help=True)
graduates.command("import")(imports.import_graduates)
app.add_typer(graduates, name="graduates")

photos = typer.Typer(help="Archive photos.", no_args_is_help=True)
photos.command("import")(imports.import_photos)
app.add_typer(photos, name="photos")

uploads = typer.Typer(help="What schools upload.", no_args_is_help=True)
uploads.command("work")(import_worker.work_on_imports)
app.add_typer(uploads, name="imports")

help_centre = typer.Typer(help="Requests to people, and articles of your own.", no_args_is_help=True)
help_centre.command("requests")(help_desk.list_requests)
help_centre.command("answer")(help_desk.answer_request)
help_centre.command("close")(help_desk.close_request)
help_centre.command("unanswered")(help_desk.list_unanswered)
help_centre.command("check")(help_desk.check_articles)
help_centre.command("learn")(help_desk.learn)
app.add_typer(help_centre, name="help")

staff = typer.Typer(help="Who works here.", no_args_is_help=True)
staff.command("add")(staff_commands.add)
staff.command("invite")(staff_commands.invite)
staff.command("disable")(staff_commands.disable)
staff.command("list")(staff_commands.list_staff)
staff.command("offices")(staff_commands.list_offices)
app.add_typer(staff, name="staff")

audit_app = typer.Typer(help="The chained logs.", no_args_is_help=True)
audit_app.command("verify")(audit.verify)
app.add_typer(audit_app, name="audit")

keys = typer.Typer(help="Secrets.", no_args_is_help=True)
keys.command("generate")(operating.generate)
app.add_typer(keys, name="keys")


def main() -> None:
    """The entry point: a setting that will not do is one sentence, not a trace."""
    # As an exit, so that whoever is told to stop still leaves the embedded database properly.
    signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))
    try:
        app()
    except SettingsError as unfit:
        say(f"xuexin: {unfit}")
        sys.exit(2)
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as failure:
        # A file that cannot be written, a server that went away: nobody's trace to read.
        say(f"xuexin: {failure}")
        sys.exit(1)
