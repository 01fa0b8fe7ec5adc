"""The robot on one core: how well it answers questions whose articles are known, how fast, and what it costs.

python -m benchmarks.robot FILE...; prints one JSON object.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, Final

import xuexin_api.app  # the whole service is loaded before the robot is weighed
from benchmarks.ground import SERVER_CORE, percentile, pin
from xuexin_api.core.help.judging import Question, Verdict, judge, read_questions
from xuexin_api.core.help.matching import Matcher, Thresholds
from xuexin_api.core.help.tables import known_questions, tables
from xuexin_api.core.help.teaching import lessons_of, teach
from xuexin_api.core.help.values import RULES
from xuexin_api.services.help.library import HelpLibrary, foreign_topics
from xuexin_api.settings import Settings

_STRANGER: Final = "stranger_"
"""How the names of those begin who knew neither the articles nor the tables."""


def _resident_mib() -> float:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _left_out(topics: Mapping[str, Sequence[str]]) -> dict[str, Verdict]:
    """Each stranger's known questions, by what is learnt without them."""
    known = known_questions()
    lessons = lessons_of(topics, chain.from_iterable(known.values()))
    start = len(lessons) - sum(map(len, known.values()))
    verdicts = {}
    for writer, some in known.items():
        end = start + len(some)
        if writer.startswith(_STRANGER):
            matcher = Matcher(topics, tables(), Thresholds(), teach(lessons[:start] + lessons[end:]))
            verdicts[f"without_{writer}"] = judge(matcher, [Question(slug, text) for slug, text in some])
        start = end
    return verdicts


def main(files: list[str]) -> None:
    """Weigh, build, judge, time."""
    pin(str(SERVER_CORE))
    settings = Settings()
    library = HelpLibrary(folder=None, values={**RULES, **settings.help_values()}, every_seconds=1)
    before = _resident_mib()
    # Of this process alone, whatever else the core has to do.
    started = time.process_time()
    matcher = library.matcher()
    built = time.process_time() - started
    answer: dict[str, Any] = {
        "loaded": xuexin_api.app.__name__,
        "built_seconds": built,
        "added_mib": _resident_mib() - before,
        "sets": {},
    }
    times = []
    for file in files:
        questions = read_questions(Path(file))
        for question in questions:
            started = time.perf_counter()
            matcher.match(question.text)
            times.append((time.perf_counter() - started) * 1000)
        answer["sets"][Path(file).stem] = asdict(judge(matcher, questions))
    for name, verdict in _left_out({**dict(library.shelf.topics), **foreign_topics()}).items():
        answer["sets"][name] = asdict(verdict)
    print(json.dumps(answer | {"median_ms": median(times), "p99_ms": percentile(times, 0.99)}))


if __name__ == "__main__":
    main(sys.argv[1:])
