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
from pathlib import Path
from statistics import median
from typing import Any, Final

import xuexin_api.app  # the whole service is loaded before the robot is weighed
from benchmarks.ground import SERVER_CORE, percentile, pin
from xuexin_api.core.help.judging import NO_ARTICLE, Question, Verdict, judge, read_questions
from xuexin_api.core.help.matching import ELSEWHERE, Matcher, Thresholds
from xuexin_api.core.help.tables import tables
from xuexin_api.core.help.values import RULES
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.settings import Settings

_FOLDS: Final = 8


def _resident_mib() -> float:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _left_out(topics: Mapping[str, Sequence[str]]) -> dict[str, Verdict]:
    """Harder than strangers' questions: each way to ask without itself, and each foreign matter without its group."""
    ways = [Question(slug, way) for slug, some in topics.items() for way in some if not slug.startswith(ELSEWHERE)]
    verdicts = []
    for fold in range(_FOLDS):
        asked = ways[fold::_FOLDS]
        gone = {(one.slug, one.text) for one in asked}
        rest = {slug: [way for way in some if (slug, way) not in gone] for slug, some in topics.items()}
        verdicts.append(judge(Matcher(rest, tables(), Thresholds()), asked))
    for group in [slug for slug in topics if slug.startswith(ELSEWHERE)]:
        rest = {slug: list(some) for slug, some in topics.items() if slug != group}
        asked = [Question(NO_ARTICLE, way) for way in topics[group]]
        verdicts.append(judge(Matcher(rest, tables(), Thresholds()), asked))
    known = sum(one.with_article for one in verdicts)
    none = sum(one.without_article for one in verdicts)
    whole = Verdict(
        known,
        sum(one.right_first * one.with_article for one in verdicts) / known,
        sum(one.right_in_three * one.with_article for one in verdicts) / known,
        none,
        sum(one.answered_as_if_known * one.without_article for one in verdicts) / none,
    )
    return {"left_out": whole}


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
    foreign = {f"{ELSEWHERE}{group}": ways for group, ways in tables().elsewhere.items()}
    for name, verdict in _left_out({**dict(library.shelf.topics), **foreign}).items():
        answer["sets"][name] = asdict(verdict)
    print(json.dumps(answer | {"median_ms": median(times), "p99_ms": percentile(times, 0.99)}))


if __name__ == "__main__":
    main(sys.argv[1:])
