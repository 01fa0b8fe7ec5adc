"""`python -m benchmarks`: every figure is a ratio of two sides that took turns in one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

from benchmarks.archive import fill, schools, write_requests
from benchmarks.ground import (
    LOAD_CORE,
    PROJECT,
    Report,
    Server,
    Worker,
    connect,
    database_url,
    describe_machine,
    prepare_environment,
    say,
    spread,
)
from benchmarks.lookalikes import time_lookalikes
from benchmarks.pages import export_some, fill_school, write_questions
from benchmarks.uploading import CLIENTS, make_photos, write_uploads
from xuexin_api.cli.migration import migrate
from xuexin_api.cli.places import say as say_place
from xuexin_api.core.roster import COLUMNS
from xuexin_api.demo.rosters import generate_rows, write_roster
from xuexin_api.gateways.embedded_postgres import start_embedded

_CONNECTIONS: Final = 32
# Light enough that two cores hold the readers, the load and the hashing: a reader who saturates them
# measures what hashing at low priority gives up, which is everything.
_READS_A_SECOND: Final = 100
_LOGIN_CONNECTIONS: Final = 8
_SMALL: Final = 10_000
_SMALL_SCHOOL: Final = 100_000
_FORMAT_ROWS: Final = 200_000
_SAMPLES_A_ROUND: Final = 20
_UNTOLD: Final = (0.97, 1.03)
_Side = TypeVar("_Side")


class Bench:
    """One run on one embedded server."""

    def __init__(self, server_url: str, folder: Path, arguments: argparse.Namespace) -> None:
        self.url = server_url
        self.folder = folder
        self.persons: int = arguments.persons
        self.records: int = arguments.records
        self.seconds: float = arguments.seconds
        self.rounds: int = arguments.rounds
        self.report = Report()
        self._requests: dict[int, tuple[str, str, str]] = {}

    def archive(self, persons: int) -> tuple[str, str, str]:
        """(database, reads, logins) of an archive with so many persons."""
        if persons not in self._requests:
            url = database_url(self.url, f"bench_{persons}")
            asyncio.run(fill(url, persons, logged_in=2000))
            reads, logins = asyncio.run(write_requests(url, self.folder, f"bench_{persons}"))
            self._requests[persons] = (url, reads, logins)
        return self._requests[persons]

    def reads(self) -> None:
        """The real application against a bare function that does the same work, warm and cold."""
        url, reads, _ = self.archive(self.persons)
        for memory in ("warm", "cold"):
            say(f"==> Reading one record of {self.persons:,}, {memory} claims")
            with Server("app", url, cold=memory == "cold") as app, Server("bare", url, cold=memory == "cold") as bare:
                ours, theirs = self._turns((app, reads), (bare, reads))
            ratios = [a["per_second"] / b["per_second"] for a, b in zip(ours, theirs, strict=True)]
            tails = [a["p99"] / b["p99"] for a, b in zip(ours, theirs, strict=True)]
            speeds = [spread([turn["per_second"] for turn in side]) for side in (ours, theirs)]
            detail = f" ({speeds[0]} against {speeds[1]} a second)"
            self.report.at_least(f"read, {memory} claims: requests a second against bare", median(ratios), 0.45, detail)
            slowest = [median(turn["p99"] for turn in side) for side in (ours, theirs)]
            detail = f" ({slowest[0]:.1f} ms against {slowest[1]:.1f} ms)"
            self.report.at_most(f"read, {memory} claims: p99 against bare", median(tails), 2, detail)

    def growth(self) -> None:
        """The same read in a small and in a large archive."""
        say(f"==> Reading with {_SMALL:,} and with {self.persons:,} persons")
        small, large = self.archive(_SMALL), self.archive(self.persons)
        with Server("app", small[0]) as first, Server("app", large[0]) as second:
            few, many = self._turns((first, small[1]), (second, large[1]))
        ratios = [a["per_second"] / b["per_second"] for a, b in zip(few, many, strict=True)]
        self.report.at_most(f"read: time with {self.persons:,} persons against {_SMALL:,}", median(ratios), 1.2)

    def _turns(self, one: tuple[Server, str], other: tuple[Server, str]) -> tuple[list[Any], list[Any]]:
        """Slices in turn; the first of each only warms up."""
        results: tuple[list[Any], list[Any]] = ([], [])
        with Worker("load", str(LOAD_CORE)) as load:
            for turn in range(self.rounds + 1):
                for (server, reads), kept in zip((one, other), results, strict=True):
                    answer = load.ask(
                        kind="reads", port=server.port, seconds=self.seconds, reads=reads, connections=_CONNECTIONS
                    )
                    assert set(answer["statuses"]) == {"200"}, answer["statuses"]
                    if turn:
                        kept.append(answer)
        return results

    def logins(self) -> None:
        """Password logins against bare hashing, and reads while logins storm."""
        url, reads, logins = self.archive(self.persons)
        say("==> Password logins against bare Argon2id")
        with Server("app", url, pinned=False) as app, Worker("load") as load, Worker("bare_hashing") as bare:
            question = {"port": app.port, "seconds": self.seconds, "reads": reads, "logins": logins}
            real, hashes = [], []
            for turn in range(self.rounds + 1):
                answer = load.ask(kind="logins", connections=_LOGIN_CONNECTIONS, **question)
                assert set(answer["statuses"]) == {"201"}, answer["statuses"]
                hashed = bare.ask(seconds=self.seconds)
                if turn:
                    real.append(answer["per_second"])
                    hashes.append(hashed["per_second"])
            ratios = [a / b for a, b in zip(real, hashes, strict=True)]
            detail = f" ({spread(real)} against {spread(hashes)} a second)"
            self.report.at_least("password logins a second against bare Argon2id", median(ratios), 0.85, detail)

            question["seconds"] = 2 * self.seconds
            say("==> Reads while logins arrive at three times that rate")
            calm_tails, storm_tails, accepted, refused, bare_refusals = [], [], [], 0, 0
            rate = 3 * median(real)
            for _ in range(self.rounds):
                calm = load.ask(kind="calm", reads_rate=_READS_A_SECOND, **question)
                storm = load.ask(kind="storm", reads_rate=_READS_A_SECOND, logins_rate=rate, **question)
                calm_tails.append(calm["p99"])
                storm_tails.append(storm["reads"]["p99"])
                accepted.append(storm["logins"]["per_second"])
                refused += storm["logins"]["statuses"].get("503", 0)
                bare_refusals += storm["logins"]["without_retry_after"]
        tails = [b / a for a, b in zip(calm_tails, storm_tails, strict=True)]
        detail = f" ({median(calm_tails):.1f} ms to {median(storm_tails):.1f} ms)"
        self.report.at_most("read p99 in the storm against at rest", median(tails), 3, detail)
        self.report.at_least("logins accepted in the storm against unloaded", median(accepted) / median(real), 0.8)
        self.report.note("logins answered 503 in the storm", f"{refused}, {bare_refusals} of them without Retry-After")
        self.report.note("peak memory of the server", f"{app.peak_mib:.0f} MiB")

    def uploads(self) -> None:
        """Photos of fifty clients at once against Pillow alone, and reads meanwhile."""
        url, reads, _ = self.archive(self.persons)
        say(f"==> Photos of {CLIENTS} clients against bare Pillow")
        folder = self.folder / "uploads"
        photos = make_photos(folder)
        asyncio.run(write_uploads(url, folder, photos))
        with (
            Server("app", url, pinned=False) as app,
            Worker("load") as load,
            Worker("bare_pictures", str(folder)) as bare,
        ):
            question = {"port": app.port, "seconds": 2 * self.seconds, "reads": reads, "uploads": str(folder)}
            sent, drawn, tails = [], [], []
            for turn in range(self.rounds + 1):
                answer = load.ask(kind="uploads", **question)
                assert set(answer["statuses"]) == {"201"}, answer["statuses"]
                anew = bare.ask(seconds=question["seconds"])
                calm = load.ask(kind="calm", reads_rate=_READS_A_SECOND, **question)
                both = load.ask(kind="uploads_and_reads", reads_rate=_READS_A_SECOND, **question)
                if turn:
                    sent.append(answer["per_second"])
                    drawn.append(anew["per_second"])
                    tails.append((calm["p99"], both["reads"]["p99"]))
            helpers = app.peak_mib_of_helpers()
        ratios = [a / b for a, b in zip(sent, drawn, strict=True)]
        detail = f" ({median(sent):.1f} against {median(drawn):.1f} a second)"
        self.report.at_least("photos a second against bare Pillow", median(ratios), 0.7, detail)
        calm_tail, busy_tail = (median(side) for side in zip(*tails, strict=True))
        detail = f" ({calm_tail:.1f} ms to {busy_tail:.1f} ms)"
        self.report.at_most(
            "read p99 while photos come against at rest", median(busy / calm for calm, busy in tails), 3, detail
        )
        self.report.note(
            "peak memory of the server / of a process that reads pictures", f"{app.peak_mib:.0f} / {helpers:.0f} MiB"
        )

    def lookalikes(self) -> None:
        """The known and the unknown in turn: time must not tell them apart. Hashes cost what they cost."""
        url, _, _ = self.archive(self.persons)
        say("==> Requests for the known and for the unknown")
        with Server("app", url, pinned=False) as app:
            found = asyncio.run(time_lookalikes(app.port, url, samples=_SAMPLES_A_ROUND * self.rounds))
        for name, times in found.items():
            low, high = times.interval()
            detail = f" ({low:.2f} to {high:.2f}; {median(times.known):.1f} ms known)"
            self.report.alike(f"{name}: unknown against known", times.ratio, (low, high), _UNTOLD, detail)

    def pages(self) -> None:
        """A school's list, searches and export, in a small and in a large school."""
        sizes = (min(_SMALL_SCHOOL, self.records // 10), self.records)
        asked = []
        for records in sizes:
            url = database_url(self.url, f"bench_school_{records}")
            asyncio.run(fill_school(url, records))
            asked.append((url, asyncio.run(write_questions(url, records, self.folder, f"bench_school_{records}"))))
        (few_url, few), (many_url, many) = asked
        say(f"==> Pages of a school of {sizes[0]:,} and of one of {sizes[1]:,} records")
        times: dict[str, tuple[list[float], list[float]]] = {what: ([], []) for what in few}
        speeds: tuple[list[float], list[float]] = ([], [])
        with Server("app", few_url) as small, Server("app", many_url) as large, Worker("load", str(LOAD_CORE)) as load:
            sides = ((small, few), (large, many))
            for turn in range(2 * self.rounds + 1):
                for what, kept in times.items():
                    for (server, files), side in _in_turn(zip(sides, kept, strict=True), turn):
                        answer = load.ask(
                            kind="reads", port=server.port, seconds=self.seconds / 8, reads=files[what], connections=1
                        )
                        assert set(answer["statuses"]) == {"200"}, answer["statuses"]
                        if turn:
                            side.append(answer["p50"])
                for (server, files), rates in _in_turn(zip(sides, speeds, strict=True), turn):
                    rate = export_some(server.port, files["the first page"], self.seconds / 2)
                    if turn:
                        rates.append(rate)
        for what, (short, long) in times.items():
            ratio = median(b / a for a, b in zip(short, long, strict=True))
            detail = f" ({median(short):.1f} ms to {median(long):.1f} ms)"
            self.report.at_most(f"{what}: time with {sizes[1]:,} records against {sizes[0]:,}", ratio, 1.2, detail)
        for what in ("a page anywhere", "the last page"):
            ratio = median(b / a for a, b in zip(times["the first page"][1], times[what][1], strict=True))
            self.report.at_most(f"{what} of {sizes[1]:,} records: time against the first", ratio, 1.2)
        ratio = median(a / b for a, b in zip(*speeds, strict=True))
        detail = f" ({spread(speeds[0])} and {spread(speeds[1])} records a second)"
        self.report.at_most(
            f"export: time of a record with {sizes[1]:,} records against {sizes[0]:,}", ratio, 1.2, detail
        )
        self.report.note("peak memory of the server that exports", f"{large.peak_mib:.0f} MiB")

    def rosters(self) -> None:
        """The whole import against a bare COPY of the same ready rows."""
        peaks: dict[str, float] = {}
        for rows in dict.fromkeys((_SMALL, self.persons)):
            say(f"==> Importing a roster of {rows:,}")
            file = self.folder / f"roster_{rows}.csv"
            if not file.exists():
                write_roster(file, generate_rows(rows, seed=5, schools=schools()), kind="csv")
            url = database_url(self.url, "bench_roster")
            ratios, speeds = [], []
            for _ in range(1 if rows > _SMALL else 3):
                asyncio.run(_empty(url))
                answer = _import(url, file)
                copied = asyncio.run(_bare_copy(url, self.folder))
                peaks[f"{rows:,}"] = answer["peak_mib"]
                assert answer["rows"] == rows
                ratios.append(copied / answer["seconds"])
                speeds.append(rows / answer["seconds"])
            detail = f" ({spread(speeds)} rows a second)"
            self.report.at_least(f"roster of {rows:,}: rows a second against bare COPY", median(ratios), 0.45, detail)
        self._roster_again(url, rows, median(speeds))
        self._roster_formats(url, min(rows, _FORMAT_ROWS), peaks)
        self.report.note(
            "peak memory of an import, MiB", " / ".join(f"{what}: {peak:.0f}" for what, peak in peaks.items())
        )

    def _roster_again(self, url: str, rows: int, first: float) -> None:
        """The rows are there: the same file, and one with a hundredth of its rows changed."""
        for name, every in (("unchanged", rows + 1), ("with 1 % of its rows changed", 100)):
            file = self.folder / f"roster_{rows}_{every}.csv"
            generated = generate_rows(rows, seed=5, schools=schools())
            write_roster(file, _change_some(generated, every), kind="csv")
            answer = _import(url, file)
            assert answer["changed"] == rows // every, answer
            detail = f" ({rows / answer['seconds']:,.0f} rows a second)"
            ratio = rows / answer["seconds"] / first
            self.report.at_least(f"roster of {rows:,} {name}: speed against the first", ratio, 2, detail)

    def _roster_formats(self, url: str, rows: int, peaks: dict[str, float]) -> None:
        """What schools send instead of CSV."""
        for kind in ("csv", "dbf", "xlsx"):
            file = self.folder / f"roster_formats_{rows}.{kind}"
            if not file.exists():
                write_roster(file, generate_rows(rows, seed=5, schools=schools()), kind=kind)
            asyncio.run(_empty(url))
            answer = _import(url, file)
            peaks[f"{kind}, {rows:,}"] = answer["peak_mib"]
            self.report.note(f"roster of {rows:,} as {kind}: rows a second", f"{rows / answer['seconds']:,.0f}")

    def robot(self) -> None:
        """Questions of tests/data, which it never learnt, and of each stranger by what is learnt without them."""
        say("==> The robot's answers")
        files = sorted(str(file) for file in (PROJECT / "tests" / "data").glob("robot_*.tsv"))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.robot", *files], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        for name, verdict in answer["sets"].items():
            which = name.removeprefix("robot_").replace("_", " ")
            counts = f" ({verdict['with_article']} questions)"
            self.report.at_least(f"robot, {which}: right at first", verdict["right_first"], 0.9, counts)
            self.report.at_least(f"robot, {which}: right in three", verdict["right_in_three"], 0.97)
            counts = f" ({verdict['without_article']} questions)"
            wrong = verdict["answered_as_if_known"]
            self.report.at_most(f"robot, {which}: answered without an article", wrong, 0.05, counts)
        self.report.at_most("robot: median time of an answer, ms", answer["median_ms"], 10)
        self.report.at_most("robot: index built at start, s of one core", answer["built_seconds"], 2)
        self.report.at_most("robot: memory added, MiB", answer["added_mib"], 60)


def _in_turn(sides: Iterable[_Side], turn: int) -> list[_Side]:
    """The other one first, each second time."""
    both = list(sides)
    return both[::-1] if turn % 2 else both


def _change_some(rows: Iterable[list[str]], every: int) -> Iterator[list[str]]:
    """Each so-many-th student is in another class now."""
    place = list(COLUMNS).index("BH")
    for number, row in enumerate(rows, start=1):
        if number % every == 0:
            row[place] += "B"
        yield row


async def _empty(url: str) -> None:
    await migrate(url)
    connection = await connect(url)
    await connection.execute("TRUNCATE enrollments, persons, roster_imports, institutions CASCADE")
    values = [(code, name) for code, name in schools()]
    await connection.executemany("INSERT INTO institutions VALUES ($1, $2, '', '', '', '', now())", values)
    await connection.close()


def _import(url: str, file: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.importing", str(file)],
        cwd=PROJECT,
        env=os.environ | {"XUEXIN_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def _bare_copy(url: str, folder: Path) -> float:
    """Seconds to COPY the imported rows, ready as they are, into the same tables and indexes, emptied."""
    connection = await connect(url)
    for table in ("persons", "enrollments"):
        await connection.copy_from_table(table, output=folder / f"{table}.copy", format="binary")
    await connection.execute("TRUNCATE enrollments, persons CASCADE")
    started = time.perf_counter()
    for table in ("persons", "enrollments"):
        await connection.copy_to_table(table, source=folder / f"{table}.copy", format="binary")
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds


async def _version(url: str) -> str:
    connection = await connect(url)
    version = str(await connection.fetchval("SHOW server_version"))
    await connection.close()
    return version


def main() -> None:
    """Run what was asked for, and write benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = ("reads", "growth", "logins", "uploads", "lookalikes", "pages", "rosters", "robot")
    parser.add_argument("what", nargs="*", help=f"any of {', '.join(known)}; all by default")
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=10_000_000, help="of the school whose pages are turned")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one slice")
    parser.add_argument("--rounds", type=int, default=6, help="slices of each side")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: does it run at all?")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.persons, arguments.seconds, arguments.rounds = _SMALL, 0.5, 1
        arguments.records = _SMALL
    folder = prepare_environment()
    server = start_embedded(folder, say_place)
    bench = Bench(server.url("postgres"), folder, arguments)
    for name in arguments.what or known:
        getattr(bench, name)()
    machine = describe_machine(asyncio.run(_version(server.url("postgres"))))
    server.close()
    sizes = f"{arguments.persons:,} persons; a school of {arguments.records:,} records"
    text = f"# Results\n\n{machine}. {sizes}.\n\n{bench.report.table()}\n"
    print(text)
    if not arguments.smoke and not arguments.what:
        (PROJECT / "benchmarks" / "RESULTS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
