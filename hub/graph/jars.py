"""No jar runs whose SHA-256 is not in the lock.

`neo4j.lock` beside this file lists every jar of Neo4j Community, one a line, as
`group:artifact:version[:classifier] sha256 bytes`. Fetching needs no dependency resolution, as each line is
one file of Maven Central. The lock is made again with `python -m hub.graph.jars --lock VERSION`, which resolves
`org.neo4j:neo4j:VERSION` through jgo in pure Python.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL as MAVEN_CENTRAL

NEO4J = "org.neo4j:neo4j"
FETCHERS = 8
ATTEMPTS = 4
WAYS_OUT = (
    "Two ways out: set SLUICEGATE_GRAPH_URL (and SLUICEGATE_GRAPH_PASSWORD_FILE) to use a Neo4j server of "
    "your own, or set SLUICEGATE_JARS to a folder that holds the jars named in hub/graph/neo4j.lock."
)
Progress = Callable[[int, int], None]


class JarsUnavailable(RuntimeError):
    """The locked jars cannot be had; the text ends with the two ways out."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The graph's jars cannot be had: {reason}. {WAYS_OUT}")


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock. `size` in bytes."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{suffix}.jar"

    @property
    def coordinate(self) -> str:
        parts = (self.group, self.artifact, self.version, self.classifier)
        return ":".join(part for part in parts if part)


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Read a lock. Raises ValueError on a malformed line, a repeated file name or an empty lock."""
    jars: dict[str, Jar] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            coordinate, sha256, size = line.split()
            group, artifact, version, classifier = (*coordinate.split(":"), "")[:4]
            jar = Jar(group, artifact, version, classifier, sha256, int(size))
        except ValueError:
            raise ValueError(f"neo4j.lock line {number}: expected 'group:artifact:version sha256 bytes'") from None
        if len(sha256) != 64 or "/" in jar.filename or jar.filename in jars:
            raise ValueError(f"neo4j.lock line {number}: bad digest, or a file name used twice")
        jars[jar.filename] = jar
    if not jars:
        raise ValueError("neo4j.lock names no jar")
    return tuple(jars.values())


def read_lock() -> tuple[Jar, ...]:
    """The lock that ships with this package."""
    return parse_lock((files("hub.graph") / "neo4j.lock").read_text("ascii"))


def graph_version(jars: Iterable[Jar]) -> str:
    """The Neo4j version that a lock holds."""
    return next(jar.version for jar in jars if f"{jar.group}:{jar.artifact}" == NEO4J)


def ensure_jars(jars: tuple[Jar, ...], cache: Path, offline: Path | None, progress: Progress) -> list[Path]:
    """Paths of all locked jars, each verified now; those missing are fetched into `cache` first.

    With `offline` the jars are taken from that folder and nothing is fetched. `progress(done, total)` counts
    bytes fetched. Raises JarsUnavailable.
    """
    if offline is not None:
        _refuse_bad(_unverified(jars, offline), offline)
        return [offline / jar.filename for jar in jars]
    folder = cache / graph_version(jars)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _unverified(jars, folder):
            with _sole_fetcher(folder):
                _fetch_all(_unverified(jars, folder), folder, progress)
    except OSError as error:
        raise JarsUnavailable(f"{type(error).__name__} while writing the jar cache") from error
    return [folder / jar.filename for jar in jars]


def _refuse_bad(bad: list[Jar], folder: Path) -> None:
    if bad:
        absent = sum(1 for jar in bad if not (folder / jar.filename).is_file())
        raise JarsUnavailable(
            f"in the offline folder {absent} are missing and {len(bad) - absent} differ from the lock, "
            f"{bad[0].filename} among them"
        )


def _unverified(jars: tuple[Jar, ...], folder: Path) -> list[Jar]:
    with ThreadPoolExecutor(2) as pool:
        verdicts = pool.map(lambda jar: _matches(folder / jar.filename, jar), jars)
        return [jar for jar, good in zip(jars, verdicts, strict=True) if not good]


def _matches(path: Path, jar: Jar) -> bool:
    try:
        if path.stat().st_size != jar.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


@contextmanager
def _sole_fetcher(folder: Path) -> Iterator[None]:
    """Two homes started at once fetch once: the second waits and then finds the jars there."""
    with (folder / ".lock").open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _fetch_all(jars: list[Jar], folder: Path, progress: Progress) -> None:
    total, done = sum(jar.size for jar in jars), 0
    for left in folder.glob(".fetching-*"):  # by a fetcher that was killed: we hold its lock now
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=".fetching-", dir=folder))
    pool = ThreadPoolExecutor(FETCHERS)
    try:
        progress(0, total)
        for size in pool.map(lambda jar: _fetch(jar, staging, folder), jars):
            done += size
            progress(done, total)
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(staging, ignore_errors=True)


def _fetch(jar: Jar, staging: Path, folder: Path) -> int:
    """Fetch one jar and move it into the folder whole; jgo itself writes in place, so it writes elsewhere."""
    reason = "no attempt was made"
    for attempt in range(ATTEMPTS):
        time.sleep(attempt * attempt * 0.5)
        repository = staging / f"{jar.filename}.{attempt}"
        try:
            path = _download(jar, repository)
        except (OSError, RuntimeError) as error:
            reason = f"{type(error).__name__} on fetching {jar.coordinate}"
            continue
        if _matches(path, jar):
            os.replace(path, folder / jar.filename)
            return jar.size
        reason = f"{jar.coordinate} differs from the lock"
    raise JarsUnavailable(reason)


def _download(jar: Jar, repository: Path) -> Path:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=repository, local_repos=[], remote_repos={"central": MAVEN_CENTRAL}, timeout=30)
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    return component.artifact(jar.classifier).resolve()


def resolve_lock(version: str) -> str:
    """The text of a new lock for one Neo4j version: jgo resolves, every jar is fetched and hashed."""
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), local_repos=[], remote_repos={"central": MAVEN_CENTRAL})
        wanted = context.create_dependency(replace(Coordinate.parse(f"{NEO4J}:{version}"), scope="compile"))
        given, transitive = context.resolver.resolve([wanted])
        found = [*given, *(dep for dep in transitive if dep.scope in ("compile", "runtime"))]
        lines = []
        for dep in found:
            data = dep.artifact.resolve().read_bytes()
            name = ":".join(part for part in (dep.groupId, dep.artifactId, dep.version, dep.classifier) if part)
            lines.append(f"{name} {hashlib.sha256(data).hexdigest()} {len(data)}")
    head = f"# {NEO4J}:{version}, every jar it needs. Made with: python -m hub.graph.jars --lock {version}\n"
    return head + "\n".join(sorted(lines)) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """`python -m hub.graph.jars --lock VERSION` prints a new lock."""
    parser = argparse.ArgumentParser(prog="python -m hub.graph.jars")
    parser.add_argument("--lock", metavar="VERSION", required=True, help="e.g. 2026.08.1")
    text = resolve_lock(parser.parse_args(arguments).lock)
    parse_lock(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
