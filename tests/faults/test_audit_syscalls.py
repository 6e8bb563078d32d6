"""Each system call on the log's files may fail or be the last one: no answer is unlogged, and the log stays sound.

As Tessera does: `strace -e inject=` makes the n-th call of a thread fail with EIO or ENOSPC, or kills it there.
`make faults` tries every call; `make test` a few of each kind, chosen by TEST_SEED.
"""

from __future__ import annotations

import collections
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.checkpoint import Signer
from audit.log import AuditLog, read
from audit.record import Record
from audit.verify import verify

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[2]
ORIGIN = "log.test/audit"
CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "unlink")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=SIGKILL")
EVERY = os.environ.get("SYSCALLS") == "every"

# What a client sees of each record goes out after the append returned; it asks on while the log refuses.
WRITER = """
import os, sys
from dataclasses import replace
from pathlib import Path
from audit.checkpoint import Signer
from audit.log import AuditLog, AuditUnavailable
from audit.record import Record, new_salt

home = Path(sys.argv[1])
signer = Signer.load(home / "audit.key", "log.test/audit")
os.write(1, b"open\\n")
try:
    log = AuditLog.open(home / "log" / "audit.db", 60, signer=signer, recorded_head=home / "audit.head")
except AuditUnavailable:
    os.write(1, b"not opened\\n")
    sys.exit()
record = Record(kind="query", request_id="r", result="OK", http_status=200)
for number in range(6):
    try:
        receipt = log.append_sync(replace(record, salt=new_salt()))
        os.write(1, f"{receipt.index} {receipt.leaf_hash}\\n".encode())
    except AuditUnavailable:
        os.write(1, b"refused\\n")
log.close()
os.write(1, b"closed\\n")
"""


@dataclass(frozen=True)
class Run:
    """What a writer told, and the calls that were traced, by name and thread."""

    lines: list[str]
    status: int
    calls: collections.Counter[tuple[str, str]]

    @property
    def told(self) -> dict[int, str]:
        """The records that a client knows of: index → leaf hash."""
        pairs = [line.split() for line in self.lines if re.match(r"\d+ [0-9a-f]{64}$", line)]
        return {int(index): leaf for index, leaf in pairs}

    def most(self, call: str) -> int:
        """How many calls of a kind one thread made, at most: strace counts each thread's own."""
        return max((count for (name, _), count in self.calls.items() if name == call), default=0)


def run(home: Path, *inject: str) -> Run:
    """A writer on the log of `home`, under strace; only calls on the log's own files are traced."""
    ends = ("db", "db-wal", "db-shm", "reserve", "reserve.new")
    files = [home / "log", *(home / "log" / f"audit.{end}" for end in ends)]
    files += [home, home / "audit.head", home / "audit.head.new"]
    trace = home.parent / f"{home.name}.trace"
    command = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    for path in files:
        command += ["-P", str(path)]
    for rule in inject:
        command += ["-e", rule]
    done = subprocess.run(
        [*command, sys.executable, "-c", WRITER, str(home)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    calls = collections.Counter(
        (found[2], found[1]) for found in re.finditer(r"^(\d+) +(\w+)\(", trace.read_text("utf-8", "replace"), re.M)
    )
    return Run(done.stdout.splitlines(), done.returncode, calls)


def new_home(folder: Path) -> Path:
    """A home with a log of three records, published; the key is not among the files that fail."""
    (folder / "log").mkdir(parents=True)
    log = opened(folder)
    for number in range(3):
        log.append_sync(Record(kind="query", request_id=f"r{number}", result="OK", http_status=200))
    log.close()
    return folder


def opened(home: Path) -> AuditLog:
    signer = Signer.load(home / "audit.key", ORIGIN)
    return AuditLog.open(home / "log" / "audit.db", 60, signer=signer, recorded_head=home / "audit.head")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many calls of each kind a thread makes that runs undisturbed, at most."""
    command = ["strace", "-qq", "-o", os.devnull, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "true"]
    if not shutil.which("strace") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace here")
    home = new_home(tmp_path_factory.mktemp("counted") / "home")
    undisturbed = run(home)
    assert undisturbed.lines == ["open", *(f"{i} {leaf}" for i, leaf in undisturbed.told.items()), "closed"]
    assert sorted(undisturbed.told) == [3, 4, 5, 6, 7, 8]
    most = {call: undisturbed.most(call) for call in CALLS}
    assert all(most.values()), most
    return most


def places(count: int, rng: random.Random) -> Iterator[int]:
    """Which of `count` calls are disturbed, one in each run; the first is among them, which is sure to come."""
    yield from range(1, count + 1) if EVERY else sorted({1, rng.randint(1, count)})


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_l05_l08_l16_no_call_of_the_log_that_fails_costs_a_record(
    counted: dict[str, int], tmp_path: Path, rng: random.Random, call: str, fault: str
) -> None:
    seen: collections.Counter[str] = collections.Counter()
    for nth in places(counted[call], rng):
        home = new_home(tmp_path / f"{nth}")
        done = run(home, f"inject={call}:{fault}:when={nth}")
        where = (call, fault, nth, done.lines)
        assert done.lines, where
        came = done.most(call) >= nth
        if came and fault == "signal=SIGKILL":
            assert done.status in {-9, 137}, where
            assert "closed" not in done.lines, where
        else:
            assert done.lines[-1] in {"closed", "not opened"}, where
        seen[outcome(done, came, fault)] += 1
        sound(home, done.told, where)
        shutil.rmtree(home)
    assert seen.total() > seen["never came"], seen
    print(f"\n{call} {fault}: {sum(seen.values())} of {counted[call]} calls: {dict(seen)}")


def outcome(done: Run, came: bool, fault: str) -> str:
    """How a run ended; how often a head is published, and so how many calls there are, depends on the clock."""
    if not came:
        return "never came"
    if fault == "signal=SIGKILL":
        return "killed"
    return "refused" if "refused" in done.lines else done.lines[-1]


def sound(home: Path, told: dict[int, str], where: object) -> None:
    """After a reopening the log verifies, holds what was told, and takes the next record."""
    signer = Signer.load(home / "audit.key", ORIGIN)
    log = opened(home)
    after = log.append_sync(Record(kind="query", request_id="after", result="OK", http_status=200))
    log.close()
    verdict = verify(home / "log" / "audit.db", verifier=signer.verifier, recorded_head=home / "audit.head")
    assert verdict.ok, (where, verdict)
    assert verdict.size == after.index + 1, where
    standing = {logged.index: logged.leaf_hash for logged in read(home / "log" / "audit.db")}
    assert told.items() <= standing.items(), where
    assert not (home / "audit.head.new").exists(), where
