"""What the headers of a request say of the form of its answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.request.answers.preferences import GRAPHQL_JSON, JSON, Preferences, Profile, preferences_of

pytestmark = pytest.mark.unit


def of(profile: Profile = "common", **headers: str) -> Preferences:
    return preferences_of([(name.replace("_", "-"), value) for name, value in headers.items()], profile)


@pytest.mark.parametrize(
    ("accept", "common", "strict"),
    [
        (None, JSON, GRAPHQL_JSON),
        ("*/*", JSON, GRAPHQL_JSON),
        ("", JSON, None),
        ("application/*", JSON, GRAPHQL_JSON),
        (JSON, JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON.upper()};charset=utf-8", GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON},{JSON};q=0.9", GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON};q=0.9", JSON, JSON),
        (f"{JSON};q=0.1, */*;q=0.8", JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0, {JSON}", JSON, JSON),
        (f"{GRAPHQL_JSON};q=0", JSON, None),
        (f"{GRAPHQL_JSON};q=7", JSON, None),
        ("text/html", JSON, None),
        ("text/event-stream, multipart/mixed", JSON, None),
    ],
)
def test_the_media_type_is_the_best_of_those_that_both_have(
    accept: str | None, common: str, strict: str | None
) -> None:
    headers = {} if accept is None else {"accept": accept}
    found = of("common", **headers)
    assert (found.media_type, found.acceptable) == (common, True)
    found = of("strict", **headers)
    assert (found.media_type if found.acceptable else None) == strict


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", None),
        ("*", None),
        ("fr-FR, de;q=0.5", None),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans-CN", "zh"),
        ("en-GB, zh;q=0.9", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0.4, fr, en;q=0.5", "en"),
        ("zh, en", "en"),
        ("zh;q=nan", None),
    ],
)
def test_the_language_is_the_better_one(accepted: str, language: str | None) -> None:
    assert of(accept_language=accepted).language == language


@pytest.mark.parametrize(
    ("profile", "header", "listed", "understood"),
    [
        ("common", None, False, True),
        ("strict", None, True, True),
        ("common", "list", True, True),
        ("common", " List ", True, True),
        ("strict", "none", False, True),
        ("common", "yes", False, False),
        ("common", "", False, False),
    ],
)
def test_errors_are_listed_if_asked_for(profile: Profile, header: str | None, listed: bool, understood: bool) -> None:
    found = of(profile, **({} if header is None else {"access_errors": header}))
    assert (found.lists_errors, found.understood) == (listed, understood)


@pytest.mark.parametrize(
    ("encoding", "taken"),
    [("", False), ("identity", False), ("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("*", True)],
)
def test_gzip_is_taken_if_accepted(encoding: str, taken: bool) -> None:
    assert of(accept_encoding=encoding).gzip is taken


def test_a_very_long_header_costs_little() -> None:
    assert of(accept=f"{'a,' * 400}{GRAPHQL_JSON}").media_type == GRAPHQL_JSON
    assert of(accept=f"{'a,' * 4_000}{GRAPHQL_JSON}").media_type == JSON


@pytest.mark.parametrize(
    ("said", "told"),
    [("tell", True), (" Tell ", True), ("none", False), ("", None), ("list", None), ("tell,tell", None)],
)
def test_the_cost_is_told_to_who_says_so(said: str, told: bool | None) -> None:
    found = of(access_cost=said)
    assert (found.tells_cost if found.understood else None) == told
    assert (of().tells_cost, of().understood) == (False, True)


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        ("text/event-stream, multipart/mixed", True),
        ("text/event-stream, */*", True),
        ("text/event-stream, application/json;q=0.9", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream, application/json", False),
        ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_events_are_for_who_names_them_and_no_json_as_gladly(accept: str, streams: bool) -> None:
    """urql names them behind JSON with each query, and alone where it subscribes."""
    assert of(accept=accept).streams is streams
    assert of().streams is False


def test_several_headers_of_a_name_are_one_list() -> None:
    assert preferences_of([("accept", "text/html"), ("accept", GRAPHQL_JSON)], "strict").media_type == GRAPHQL_JSON


def test_a_header_that_is_read_is_told_to_caches() -> None:
    source = Path(preferences_of.__code__.co_filename).read_text("utf-8")
    from hub.request.answers.headers import VARY

    read = {"Accept", "Accept-Encoding", "Accept-Language", "Access-Cost", "Access-Errors"}
    assert read < {each.strip() for each in VARY.split(",")}
    assert all(f'"{name.lower()}"' in source for name in read)
