"""Measures the detection of personal information in texts on one core, masking by stored spans, and the start.

Goal, for texts of 44 characters: 12,000 a second by rules only, 1,500 with the model, 100,000 of repeated text, 500,000
masked. The texts are the labelled sets in `tests/pii`. Each round has a new detector, so that no text is answered from
memory, and the best round is printed.

`python bench/text_detection.py [--rounds N]`
"""

import argparse
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from policies.detect import Detector
from policies.text.labelled_sets import read
from policies.text.masked_text import replace_spans, replacements
from policies.text.spans import encode
from policies.text.tagger import HOME

PII = Path(__file__).parents[1] / "tests" / "pii"
LENGTH = 44
START = """
import resource, time
before = time.perf_counter()
from policies.detect import Detector
imported = time.perf_counter()
Detector({argument}).detect(["来电人李明反映路灯不亮"])
ready = time.perf_counter()
print(imported - before, ready - imported, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def texts() -> list[str]:
    """The sets' texts, cut or joined to about LENGTH characters; no text stands twice."""
    lines = [line for path in sorted(PII.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    made: dict[str, None] = {}
    joined = ""
    for each in read(lines):
        joined += each.text
        if len(joined) >= LENGTH - 8:
            made.setdefault(joined[: LENGTH + 8])
            joined = ""
    return list(made)


def rate(work: Callable[[], object], number: int) -> float:
    """Texts a second of this process' own time."""
    before = time.process_time()
    work()
    return number / (time.process_time() - before)


def judged(model: Path | None, sample: Sequence[str], rounds: int) -> tuple[float, float]:
    """The best rates of new and of repeated texts."""
    new, again = [], []
    for _ in range(rounds):
        detector = Detector(model=model)
        detector.detect(["热身"])
        new.append(rate(lambda used=detector: used.detect(sample), len(sample)))  # type: ignore[misc]
        again.append(rate(lambda used=detector: [used.detect(sample) for _ in range(20)], 20 * len(sample)))  # type: ignore[misc]
    return max(new), max(again)


def masked(sample: Sequence[str]) -> float:
    """Texts masked a second from spans that are stored."""
    found = [(text, encode(each.spans)) for text, each in zip(sample, Detector().detect(sample), strict=True)]
    instead = replacements(())
    return max(
        rate(lambda: [replace_spans(text, spans, instead) for text, spans in found * 50], 50 * len(found))
        for _ in range(3)
    )


def start(argument: str) -> str:
    """Seconds to import, seconds to the first answer, and megabytes held, of a new process."""
    program = START.format(argument=argument)
    root = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True)
    imported, ready, memory = done.stdout.split()
    return f"import {float(imported):.1f} s, first answer {float(ready):.2f} s, {memory} MB"


def main() -> None:
    asked = argparse.ArgumentParser(description="Texts judged and masked a second on one core.")
    asked.add_argument("--rounds", type=int, default=5)
    rounds = asked.parse_args().rounds
    sample = texts()
    mean = sum(map(len, sample)) / len(sample)
    print(f"{platform.machine()}, Python {platform.python_version()}; {len(sample)} texts of {mean:.0f} characters")
    print(f"rules only: start:  {start('model=None')}")
    print(f"with model: start:  {start('')}")
    for name, model in (("rules only", None), ("with model", HOME)):
        new, again = judged(model, sample, rounds)
        print(f"{name}: {new:>9,.0f} texts/s, repeated {again:,.0f}/s")
    print(f"masking:    {masked(sample):>9,.0f} texts/s")
    print(f"memory at the end: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
