"""The command line, as operators use it."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support.client import solve
from support.commands import begin, xuexin
from support.pictures import progressive_archive_photo, scan_cut
from support.providers import SECRET, aliyun_fields, checks_acs3, running
from support.server import free_port, run_on, url_of
from xuexin_api.cli.demo import demo_schools, demo_students
from xuexin_api.demo.photos import draw_archive_photo

XUEXIN = str(Path(sys.executable).with_name("xuexin"))
Run = Callable[..., subprocess.CompletedProcess[str]]


@contextlib.contextmanager
def _shell(server_url: str, name: str, data: Path) -> Iterator[dict[str, str]]:
    yield os.environ | {
        "XUEXIN_DATABASE_URL": url_of(server_url, name),
        "XUEXIN_DATA_DIR": str(data),
        "XUEXIN_CHALLENGE_COST": "1",
    }
    asyncio.run(run_on(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _runner(environment: dict[str, str]) -> Run:
    def run_xuexin(*words: str | Path, expected: int = 0) -> subprocess.CompletedProcess[str]:
        done = xuexin(*words, environment=environment)
        assert done.returncode == expected, done.stdout + done.stderr
        return done

    run_xuexin("migrate")
    return run_xuexin


@pytest.fixture(scope="module")
def environment(
    server_url: str, testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """An operator's shell: a database of its own, and a data directory."""
    with _shell(server_url, f"xuexin_cli_{testrun_uid[:8]}_{worker_id}", tmp_path_factory.mktemp("data")) as shell:
        yield shell


@pytest.fixture(scope="module")
def run(environment: dict[str, str]) -> Run:
    return _runner(environment)


@pytest.fixture
def run_in_empty(server_url: str, testrun_uid: str, worker_id: str, tmp_path: Path) -> Iterator[Run]:
    """Where no other test has been: what the journey or the demo data bring is not there."""
    with _shell(server_url, f"xuexin_cli_empty_{testrun_uid[:8]}_{worker_id}", tmp_path / "data") as shell:
        yield _runner(shell)


def test_an_operator_imports_schools_rosters_and_photos(run_in_empty: Run, tmp_path: Path) -> None:
    run = run_in_empty
    schools = tmp_path / "schools.csv"
    with schools.open("w", encoding="gb18030", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["学校标识码", "学校名称", "主管部门", "所在地", "办学层次", "备注"])
        writer.writerows(
            [school.code, school.name, school.authority, school.place, school.level, ""] for school in demo_schools()
        )
        writer.writerow(["1", "没有代码的大学", "", "", "", ""])
    done = run("institutions", "import", schools)
    assert "12 written, 1 rejected" in done.stderr
    assert "institution_code_malformed" in done.stdout
    assert "0 written" in run("institutions", "import", schools).stderr

    for suffix, seed in (("csv", 31), ("xlsx", 32), ("dbf", 33)):
        path = tmp_path / f"roster.{suffix}"
        run("roster", "generate", path, "--rows", "40", "--seed", str(seed))
        assert "40 were added" in run("roster", "import", path).stderr
    assert "0 were added, 0 changed, 40 unchanged, 0 rejected" in run("roster", "import", path).stderr

    students = list(demo_students(3, 31))
    folder = tmp_path / "photos"
    folder.mkdir()
    for index, student in enumerate(students[:2]):
        (folder / f"{student.candidate_number}.jpg").write_bytes(draw_archive_photo(index, "graduation"))
    (folder / "00000000.jpg").write_bytes(b"no photo")
    cut = folder / f"{students[2].candidate_number}.jpg"
    cut.write_bytes(scan_cut(progressive_archive_photo(), -1))
    done = run("photos", "import", folder, "--kind", "graduation")
    assert "2 photos added" in done.stderr
    assert "00000000.jpg\tphoto_not_jpeg" in done.stdout
    assert f"{cut.name}\tphoto_damaged" in done.stdout
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr(f"{students[0].candidate_number}.jpg", draw_archive_photo(0, "graduation"))
    assert "1 unchanged" in run("photos", "import", archive, "--kind", "graduation").stderr
    run("photos", "import", archive, "--kind", "portrait", expected=2)


def test_a_roster_is_generated_as_one_school_could_upload_it(run: Run, tmp_path: Path) -> None:
    path, school = tmp_path / "roster.csv", demo_schools()[1]
    run("roster", "generate", path, "--rows", "5", "--institution", school.code, "--entered", "2026-09-01")
    with path.open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert {(row["YXDM"], row["YXMC"], row["RXRQ"]) for row in rows} == {(school.code[-5:], school.name, "20260901")}
    run("roster", "generate", path, "--institution", "0000000000", expected=2)


def test_rejected_rows_are_shown_or_written_with_line_column_and_reason(run: Run, tmp_path: Path) -> None:
    run("demo-data")
    path = tmp_path / "roster.csv"
    run("roster", "generate", path, "--rows", "3", "--seed", "41", "--encoding", "gb18030")
    lines = path.read_text(encoding="gb18030").splitlines()
    lines[2] = lines[2].replace("普通全日制", "半日制")
    path.write_text("\n".join(lines), encoding="gb18030")
    done = run("roster", "import", path, "--dry-run")
    assert done.stdout.startswith("line 3\tXXXS 学习形式\tunknown_word\t")
    assert "1 rejected" in done.stderr
    table = tmp_path / "rejected.csv"
    run("roster", "import", path, "--rejected", table)
    with table.open(encoding="utf-8-sig") as text:
        rows = list(csv.reader(text))
    assert rows[1][:4] == ["3", "XXXS", "学习形式", "unknown_word"]


def test_a_file_that_is_none_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(b"PK\x03\x04")
    done = run("roster", "import", path, expected=1)
    assert done.stderr.startswith("xlsx_damaged: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("outbox", "--to", "garbage"), ("migrate", "nonsense")])
def test_a_wrong_word_gets_a_sentence_and_no_traceback(run: Run, words: tuple[str, ...]) -> None:
    refused = run(*words, expected=2)
    assert "Invalid value" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_operator_makes_invites_and_disables_staff(run: Run) -> None:
    who = ("--document", "110101199003070017", "--phone", "17190000001")
    made = run("staff", "add", "reviewer.one", "--role", "reviewer", *who)
    assert re.fullmatch(r"http://localhost:3000/staff/enrol#[0-9a-f]{64}", made.stdout.strip())
    assert "staff_name_taken" in run("staff", "add", "reviewer.one", "--role", "reviewer", *who, expected=1).stderr
    assert run("staff", "invite", "reviewer.one").stdout != made.stdout
    assert run("staff", "list").stdout == "reviewer.one\treviewer\t-\tinvited\n"
    run("staff", "disable", "reviewer.one")
    assert run("staff", "list").stdout == "reviewer.one\treviewer\t-\tdisabled\n"
    assert (
        "province_unknown"
        in run("staff", "add", "p.one", "--role", "province", "--province", "98", *who, expected=1).stderr
    )
    assert "staff_name_unknown" in run("staff", "disable", "nobody", expected=1).stderr
    assert run("staff", "offices").stdout == "", "nobody works for a school or a province"


def test_settings_are_shown_without_secrets_and_keys_are_made(run: Run, environment: dict[str, str]) -> None:
    shown = run("settings").stdout
    assert "XUEXIN_CODE_SECONDS" in shown
    assert environment["XUEXIN_DATABASE_URL"] not in shown
    made = run("keys", "generate").stdout
    assert [line.partition("=")[0] for line in made.splitlines()] == [
        "XUEXIN_SECRET_KEY",
        "XUEXIN_LOOKUP_KEY",
        "XUEXIN_SEALING_KEYS",
        "XUEXIN_TOKEN_KEYS",
    ]


def test_a_start_that_cannot_be_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    """Each is what an operator meets in the first hour."""
    given = environment["XUEXIN_DATABASE_URL"]

    def refused(*words: str, **other: str) -> str:
        done = xuexin(*words, environment=environment | other)
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port} (" in refused("serve", XUEXIN_PORT=port)
    assert "XUEXIN_PORT: " in refused("serve", XUEXIN_PORT="http")
    assert "aliyun_templates" in refused("serve", XUEXIN_ALIYUN_TEMPLATES="{")
    assert "XUEXIN_LIMITS_URL: " in refused("serve", XUEXIN_LIMITS_URL="redis://:hidden@host")
    assert "hidden" not in refused("serve", XUEXIN_LIMITS_URL="redis://:hidden@host")
    assert "XUEXIN_DATABASE_URL" in refused("migrate", XUEXIN_DATABASE_URL="mysql://somewhere")
    assert "does not answer" in refused("migrate", XUEXIN_DATABASE_URL="postgresql://u:hidden@127.0.0.1:1/x")
    assert "run `xuexin migrate`" in refused("serve", XUEXIN_DATABASE_URL=url_of(given, "postgres"))
    assert "does not answer" in refused("demo-data", XUEXIN_DATABASE_URL=url_of(given, "no_such_database"))
    assert "XUEXIN_DATA_DIR" in refused("serve", XUEXIN_DATA_DIR="/dev/null/var")


def test_a_database_under_other_keys_is_not_touched(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    """The data directory was deleted, and with it the keys of a database that lives on."""
    run("demo-data")
    for words in (("demo-data",), ("serve",), ("purge",)):
        own = environment | {"XUEXIN_DATA_DIR": str(tmp_path), "XUEXIN_PORT": str(free_port())}
        done = xuexin(*words, environment=own)
        assert done.returncode == 2
        assert "filled under another XUEXIN_LOOKUP_KEY" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_keys_that_are_made_can_be_given_to_a_shell(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "keys.env"
    file.write_text(run("keys", "generate").stdout, encoding="utf-8")
    own = environment | {
        "XUEXIN_DATA_DIR": str(tmp_path / "data"),
        "XUEXIN_DATABASE_URL": environment["XUEXIN_DATABASE_URL"].replace("xuexin_cli", "xuexin_cli_keys"),
    }
    words = f"set -a; . {file}; env -0"
    read = subprocess.run(["sh", "-c", words], env=own, capture_output=True, text=True, timeout=60, check=True)
    own = dict(line.split("=", 1) for line in read.stdout.rstrip("\0").split("\0"))
    ran = [xuexin(command, environment=own) for command in ("migrate", "purge")]
    name = own["XUEXIN_DATABASE_URL"].partition("?")[0].rpartition("/")[2]
    asyncio.run(run_on(environment["XUEXIN_DATABASE_URL"], f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    assert [(done.returncode, "Traceback" in done.stderr) for done in ran] == [(0, False)] * 2
    assert not (tmp_path / "data" / "secrets.json").exists()


def test_production_without_its_secrets_says_what_is_missing(environment: dict[str, str]) -> None:
    done = xuexin("serve", environment=environment | {"XUEXIN_ENVIRONMENT": "production"})
    assert done.returncode == 2
    assert "XUEXIN_SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_the_journey_plays_against_a_running_server_and_the_outbox_tells_it(
    run: Run, environment: dict[str, str]
) -> None:
    port = free_port()
    server = subprocess.Popen(
        [XUEXIN, "serve"],
        env=environment | {"XUEXIN_PORT": str(port), "XUEXIN_WORKERS": "2"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/health/ready")
        _see_that_heads_are_bounded(port)
        _see_that_strangers_steer_no_terminal(address, run)
        played = run("journey", "--url", address)
        assert "✗" not in played.stdout
        assert "tokens with acr urn:xuexin:acr:verified" in played.stdout
        assert "✓ the journey is complete" in played.stdout
        kept = json.loads(run("outbox", "--json", "--limit", "1").stdout)
        assert set(kept[0]) == {"destination", "purpose", "code", "body", "created_at"}
        assert kept[0]["code"] in played.stdout
        assert json.loads(run("outbox", "--json", "--to", kept[0]["destination"]).stdout) == kept
        assert "rows deleted" in run("purge").stderr
        heads = run("audit", "verify").stdout.splitlines()
        run("audit", "verify", *(word for head in heads for word in ("--expect", head)))
        assert heads[0].startswith("audit_events:")
        other = heads[0][:-1] + ("0" if heads[0][-1] != "0" else "1")
        assert "not what was expected" in run("audit", "verify", "--expect", other, expected=1).stderr
        run("audit", "verify", "--expect", "nothing:1", expected=2)
    finally:
        server.terminate()
        server.wait(30)


def test_what_the_server_and_libraries_log_is_json_and_never_quotes_what_failed(environment: dict[str, str]) -> None:
    program = """
import logging, uvicorn
from xuexin_api.cli.serving import server_options
from xuexin_api.cli.workbench import configure_logs
from xuexin_api.settings import Settings
configure_logs()
uvicorn.Config("a:b", **server_options(Settings()))
try:
    raise ValueError("17012340001")
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    logging.getLogger("asyncio").exception("Task exception was never retrieved")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in told] == ["uvicorn.error", "asyncio"]
    assert {failure["kind"] for line in told for failure in line["failures"]} == {"builtins.ValueError"}
    assert "17012340001" not in done.stderr


def test_a_killed_server_loses_no_message_and_sends_at_most_one_more_with_the_same_code(
    run: Run, environment: dict[str, str]
) -> None:
    """kill -9 while the provider has the message and has not answered."""
    run("purge")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running(checks_acs3) as provider:
        provider.answer = lambda _: (200, b'{"Code": "OK"}')
        own = environment | {
            "XUEXIN_PORT": str(port),
            "XUEXIN_SMS_GATEWAY": "aliyun",
            "XUEXIN_ALIYUN_KEY_ID": "key-id",
            "XUEXIN_ALIYUN_KEY_SECRET": SECRET,
            "XUEXIN_ALIYUN_SIGN_NAME": "学信",
            "XUEXIN_ALIYUN_TEMPLATES": json.dumps({"body_code_registration": "SMS_1"}),
            "XUEXIN_ALIYUN_URL": provider.url,
            "XUEXIN_OUTBOX_LEASE_SECONDS": "5",
            "XUEXIN_GATEWAY_SECONDS": "2",
        }
        provider.gate.clear()
        server = begin("serve", environment=own)
        try:
            _wait_for(f"{address}/health/ready")
            asked = httpx.post(f"{address}/v1/challenges", json={"purpose": "registration"}).json()
            body = {
                "channel": "sms",
                "destination": "17012340077",
                "purpose": "registration",
                "challenge": solve(asked),
            }
            key = {"Idempotency-Key": "one-and-the-same"}
            sent = httpx.post(f"{address}/v1/verification-codes", json=body, headers=key)
            assert sent.status_code == 202, sent.text
            first = provider.taken.get(timeout=30)
        finally:
            server.kill()
            server.join(30)
        provider.gate.set()
        server = begin("serve", environment=own)
        try:
            second = provider.taken.get(timeout=60)
            _wait_for(f"{address}/metrics", has='channel="sms",outcome="sent"} 1.0')
            again = httpx.post(f"{address}/v1/verification-codes", json=body, headers=key)
            assert (again.status_code, again.json()) == (202, sent.json())
        finally:
            server.terminate()
            server.join(30)
        assert first.rightly_signed
        assert second.rightly_signed
        assert aliyun_fields(first)["TemplateParam"] == aliyun_fields(second)["TemplateParam"]
        assert provider.taken.empty()


def test_the_embedded_database_stops_with_the_last_server_even_after_one_was_killed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    own = environment | {"XUEXIN_DATA_DIR": str(tmp_path), "XUEXIN_PORT": str(port)}
    del own["XUEXIN_DATABASE_URL"]
    told = xuexin("migrate", environment=own)
    # As root in a private folder it lives elsewhere, and a link leads there.
    data = (tmp_path / "postgres").resolve()
    assert (data.parent == tmp_path) != ("the database lives in" in told.stderr)
    try:
        assert (data / "PG_VERSION").exists()
        assert not (data / "postmaster.pid").exists()
        for stop, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
            server = begin("serve", environment=own)
            _wait_for(f"http://127.0.0.1:{port}/health/ready")
            assert (data / "postmaster.pid").exists()
            assert server.pid is not None
            os.kill(server.pid, stop)
            server.join(30)
            assert server.exitcode == code
        assert not (data / "postmaster.pid").exists()
    finally:
        shutil.rmtree(data if data.parent == tmp_path else data.parent)


def _see_that_strangers_steer_no_terminal(address: str, run: Run) -> None:
    """Operators see requests and what the robot could not answer, which anybody may write: it has no escapes."""
    assert "No open requests" in run("help", "requests").stderr
    assert "No unanswered questions" in run("help", "unanswered").stderr
    steering = "鲸鱼\x1b]0;owned\x07怎么\u202e飞\r\x9b2J"
    with httpx.Client(base_url=address) as stranger:
        asked = {"question": f"{steering}\n{steering}", "contact": steering}
        assert stranger.post("/v1/help/requests", json=asked).status_code == 201
        messages = f"/v1/help/conversations/{stranger.post('/v1/help/conversations', json={}).json()['id']}/messages"
        assert stranger.post(messages, json={"text": steering}).json()["reason"] == "unknown"
    for shown in (run("help", "requests").stdout, run("help", "unanswered").stdout):
        assert "鲸鱼 ]0;owned 怎么 飞" in shown
        assert not set("\x1b\x07\x9b\r\u202e") & set(shown)


def _see_that_heads_are_bounded(port: int) -> None:
    """What is no HTTP, or too much of it, gets a problem document and a closed connection."""
    endless = b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 400_000
    for sent, status, code in (
        (b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (endless, 431, "headers_too_large"),
        (b"FOO /health/live HTTP/1.1\r\nhost: x\r\n\r\n", 400, "bad_request"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    answer += chunk
        if answer or sent is not endless:
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(f"HTTP/1.1 {status} ".encode()), head
            assert json.loads(body)["code"] == code
    assert httpx.get(f"http://127.0.0.1:{port}/health/live", headers={"x-long": "a" * 20_000}).status_code == 200


def _wait_for(url: str, has: str = "") -> None:
    """Until the server answers so; it has two minutes, on a busy machine too."""
    for _ in range(1200):
        try:
            answer = httpx.get(url)
            if answer.status_code == 200 and has in answer.text:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


ARTICLE = """+++
slug = "from-a-folder"
category = "学信档案"
question = "文件夹里的问题？"
asks = ["怎么问"]
related = []
resources = ["GET /v1/account"]
updated = 2026-11-25
+++
答案，{code_tries} 次。
"""


def test_an_operator_checks_articles_before_they_are_published(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "articles" / "zh-CN"
    folder.mkdir(parents=True)
    (folder / "good.md").write_text(ARTICLE, encoding="utf-8")
    assert "1 articles, 0 refused" in run("help", "check", folder.parent).stderr
    (folder / "bad.md").write_text(ARTICLE.replace("code_tries", "no_such_thing"), encoding="utf-8")
    (folder / "worse.md").write_bytes(b"+++\n\xff")
    (folder / "where.md").write_text(ARTICLE.replace("学信档案", "没有的分类"), encoding="utf-8")
    done = run("help", "check", folder.parent, expected=1)
    assert f"{folder / 'bad.md'}:10: no setting is called no_such_thing" in done.stdout
    assert f"{folder / 'worse.md'}:1: not UTF-8" in done.stdout
    assert f"{folder / 'where.md'}:3: there is no category" in done.stdout
    assert "4 articles, 3 refused" in done.stderr


def test_an_answer_needs_a_request_and_words(run: Run) -> None:
    unknown = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
    assert "No such request" in run("help", "answer", unknown, "text", expected=1).stderr
    assert "No such request" in run("help", "close", unknown, expected=1).stderr
    run("help", "requests", "--state", "lost", expected=2)
    run("help", "answer", unknown, "  ", expected=2)
