"""Fetches and verifies the jars of the local Neo4j.

No jar is used unless its size and SHA-256 are those in the lock. `neo4j.lock` beside this file lists every jar of Neo4j
Community, one on each line, as `group:artifact:version[:classifier] sha256 bytes`; each is one file of Maven Central,
so that fetching needs no dependency resolution. `python -m hub.graph.jars --lock VERSION` writes a new lock: jgo
resolves `org.neo4j:neo4j:VERSION` in pure Python.
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
REMEDY = (
    "Either set SLUICEGATE_GRAPH_URL (and SLUICEGATE_GRAPH_PASSWORD_FILE) to use a Neo4j server of "
    "your own, or set SLUICEGATE_JARS to a folder that holds the jars named in hub/graph/neo4j.lock."
)
Progress = Callable[[int, int], None]


class JarsUnavailable(RuntimeError):
    """The locked jars could not be fetched or verified; the text ends with what the operator can do instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Neo4j's jars are not available: {reason}. {REMEDY}")


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock; `size` is in bytes."""

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
    """Paths of all locked jars, each verified in this call; missing ones are fetched into `cache` first.

    With `offline` the jars are taken from that folder and nothing is fetched. `progress(done, total)` counts the bytes
    fetched. Raises JarsUnavailable.
    """
    if offline is not None:
        _check_offline(_unverified(jars, offline), offline)
        return [offline / jar.filename for jar in jars]
    folder = cache / graph_version(jars)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _unverified(jars, folder):
            with _fetch_lock(folder):
                missing = _unverified(jars, folder)  # none, if another process fetched them while this one waited
                if missing:
                    _fetch_all(missing, folder, progress)
    except OSError as error:
        raise JarsUnavailable(f"{type(error).__name__} while writing the jar cache") from error
    return [folder / jar.filename for jar in jars]


def _check_offline(unverified: list[Jar], folder: Path) -> None:
    if unverified:
        absent = sum(1 for jar in unverified if not (folder / jar.filename).is_file())
        raise JarsUnavailable(
            f"in the offline folder {absent} are missing and {len(unverified) - absent} differ from the lock, "
            f"{unverified[0].filename} among them"
        )


def _unverified(jars: tuple[Jar, ...], folder: Path) -> list[Jar]:
    with ThreadPoolExecutor(2) as pool:
        verified = pool.map(lambda jar: _is_verified(folder / jar.filename, jar), jars)
        return [jar for jar, good in zip(jars, verified, strict=True) if not good]


def _is_verified(path: Path, jar: Jar) -> bool:
    try:
        return path.stat().st_size == jar.size and _sha256(path) == jar.sha256
    except FileNotFoundError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _fetch_lock(folder: Path) -> Iterator[None]:
    """Held while fetching: of two homes that start together the second waits, and then finds the jars there."""
    with (folder / ".lock").open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _fetch_all(jars: list[Jar], folder: Path, progress: Progress) -> None:
    total, done = sum(jar.size for jar in jars), 0
    for leftover in folder.glob(".fetching-*"):  # of a process that was killed while it held the lock
        shutil.rmtree(leftover, ignore_errors=True)
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
    """Fetch one jar and move it into the folder, complete and verified; jgo writes in place, so it writes to `staging`.

    Returns its size in bytes.
    """
    reason = "no attempt was made"
    for attempt in range(ATTEMPTS):
        time.sleep(attempt * attempt * 0.5)
        repository = staging / f"{jar.filename}.{attempt}"
        try:
            path = _download(jar, repository)
        except (OSError, RuntimeError) as error:
            reason = f"{type(error).__name__} on fetching {jar.coordinate}"
            continue
        if _is_verified(path, jar):
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
    """The text of a new lock for one Neo4j version: jgo resolves its jars, and each is fetched and hashed."""
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), local_repos=[], remote_repos={"central": MAVEN_CENTRAL})
        neo4j = context.create_dependency(replace(Coordinate.parse(f"{NEO4J}:{version}"), scope="compile"))
        direct, transitive = context.resolver.resolve([neo4j])
        needed = [*direct, *(dep for dep in transitive if dep.scope in ("compile", "runtime"))]
        lines = []
        for dep in needed:
            jar = dep.artifact.resolve()
            name = ":".join(part for part in (dep.groupId, dep.artifactId, dep.version, dep.classifier) if part)
            lines.append(f"{name} {_sha256(jar)} {jar.stat().st_size}")
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
