"""Jars: only what the lock names runs. Fetched here over real HTTP, from a repository of our own making."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hub.graph import jars
from hub.graph.jars import Jar, JarsUnavailable, ensure_jars, graph_version, parse_lock, read_lock

pytestmark = pytest.mark.unit
CONTENT = {"neo4j": b"graph" * 1000, "helper": b"more" * 50}
BAD_LOCKS = [
    ("", "names no jar"),
    ("# only a comment\n", "names no jar"),
    ("a:b:1 00\n", "line 1"),
    ("a:b 0 1\n", "line 1"),
    (f"a:b:1 {'0' * 64} many\n", "line 1"),
    (f"a:b:1 {'0' * 63} 1\n", "line 1"),
    (f"a:../b:1 {'0' * 64} 1\n", "line 1"),
    (f"a:b:1 {'0' * 64} 1\nc:b:1 {'0' * 64} 1\n", "line 2"),
]


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "repository"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(jars, "MAVEN_CENTRAL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(jars, "ATTEMPTS", 1)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def lock() -> tuple[Jar, ...]:
    lines = [f"org.neo4j:{n}:1.0 {hashlib.sha256(c).hexdigest()} {len(c)}\n" for n, c in CONTENT.items()]
    return parse_lock("".join(lines))


def publish(repository: Path, name: str, content: bytes) -> None:
    file = repository / f"org/neo4j/{name}/1.0/{name}-1.0.jar"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.with_name(file.name + ".sha1").write_text(hashlib.sha1(content, usedforsecurity=False).hexdigest())


def publish_all(repository: Path) -> None:
    for name, content in CONTENT.items():
        publish(repository, name, content)


def test_the_lock_in_the_package() -> None:
    locked = read_lock()
    assert graph_version(locked).startswith("2026.")
    assert len(locked) > 200
    assert {len(bytes.fromhex(jar.sha256)) for jar in locked} == {32}
    assert len({jar.filename for jar in locked}) == len(locked)


@pytest.mark.parametrize(("text", "reason"), BAD_LOCKS)
def test_a_bad_lock_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_lock(text)


def test_fetched_once_with_progress(repository: Path, tmp_path: Path) -> None:
    publish_all(repository)
    seen: list[tuple[int, int]] = []
    paths = ensure_jars(lock(), tmp_path / "cache", None, lambda done, total: seen.append((done, total)))
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert seen == [(0, 5200), (5000, 5200), (5200, 5200)]
    seen.clear()
    assert ensure_jars(lock(), tmp_path / "cache", None, lambda done, total: seen.append((done, total))) == paths
    assert seen == []


def test_who_waited_for_the_lock_finds_the_jars_and_fetches_nothing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_all(repository)
    fetch_lock = jars._fetch_lock

    @contextmanager
    def another_was_first(folder: Path) -> Iterator[None]:
        for name, content in CONTENT.items():
            (folder / f"{name}-1.0.jar").write_bytes(content)
        with fetch_lock(folder):
            yield

    monkeypatch.setattr(jars, "_fetch_lock", another_was_first)
    seen: list[tuple[int, int]] = []
    paths = ensure_jars(lock(), tmp_path / "cache", None, lambda done, total: seen.append((done, total)))
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert seen == []


def test_a_damaged_cache_is_fetched_again(repository: Path, tmp_path: Path) -> None:
    publish_all(repository)
    first = ensure_jars(lock(), tmp_path / "cache", None, print)[0]
    first.write_bytes(b"\0" * len(CONTENT["neo4j"]))
    (first.parent / ".fetching-killed").mkdir()
    assert ensure_jars(lock(), tmp_path / "cache", None, print)[0].read_bytes() == CONTENT["neo4j"]
    assert {path.name for path in first.parent.iterdir()} == {".lock", "neo4j-1.0.jar", "helper-1.0.jar"}


@pytest.mark.parametrize(
    ("published", "reason"),
    [
        ({}, "on fetching org.neo4j:neo4j:1.0"),
        ({"neo4j": b"evil!" * 1000, "helper": CONTENT["helper"]}, "neo4j:1.0 differs from the lock"),
        ({"neo4j": CONTENT["neo4j"][:-1], "helper": CONTENT["helper"]}, "neo4j:1.0 differs from the lock"),
    ],
    ids=["absent", "changed", "short"],
)
def test_what_differs_is_never_kept(published: dict[str, bytes], reason: str, repository: Path, tmp_path: Path) -> None:
    for name, content in published.items():
        publish(repository, name, content)
    with pytest.raises(JarsUnavailable, match=reason) as caught:
        ensure_jars(lock(), tmp_path / "cache", None, print)
    assert "SLUICEGATE_GRAPH_URL" in str(caught.value)
    assert "SLUICEGATE_JARS" in str(caught.value)
    assert {path.name for path in (tmp_path / "cache/1.0").iterdir()} <= {".lock", "helper-1.0.jar"}


def test_no_repository_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "MAVEN_CENTRAL", "http://127.0.0.1:9")
    monkeypatch.setattr(jars, "ATTEMPTS", 1)
    with pytest.raises(JarsUnavailable, match="ConnectionError"):
        ensure_jars(lock(), tmp_path / "cache", None, print)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(JarsUnavailable, match="while writing the jar cache"):
        ensure_jars(lock(), tmp_path / "cache", None, print)


def test_an_offline_folder(tmp_path: Path) -> None:
    offline, cache = tmp_path / "offline", tmp_path / "cache"
    offline.mkdir()
    with pytest.raises(JarsUnavailable, match="2 are missing and 0 differ"):
        ensure_jars(lock(), cache, offline, print)
    for name, content in CONTENT.items():
        (offline / f"{name}-1.0.jar").write_bytes(content)
    (offline / "stranger.jar").write_bytes(b"not in the lock")
    assert {path.name for path in ensure_jars(lock(), cache, offline, print)} == {
        "neo4j-1.0.jar",
        "helper-1.0.jar",
    }
    (offline / "helper-1.0.jar").write_bytes(b"evil" * 50)
    with pytest.raises(JarsUnavailable, match="0 are missing and 1 differ"):
        ensure_jars(lock(), cache, offline, print)
    assert not cache.exists()
