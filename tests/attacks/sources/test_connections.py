"""G09, K16: a source is asked where its file says and nowhere else, and only if it is who it says it is."""

from __future__ import annotations

import json
import socket
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ConnectorError, Row, Since
from connectors.readers.guarded_session import AddressRefused, GuardedSession, may_be_asked
from connectors.readers.rest import RestSource
from tests.support.sources.certificates import Authority
from tests.support.sources.rest_server import JSON, Reply, server

pytestmark = pytest.mark.attack


def page(_ordinal: int, _query: dict[str, str]) -> Reply:
    return 200, JSON, json.dumps({"items": [{"k": "a"}], "pages": 1, "total": 1}).encode()


def keys(url: str, **more: Any) -> list[Any]:
    stream = {"name": "s", "entity": "Event", "key": "k", "identity": "number", "fields": {"number": "k"}}
    block = {"name": "r", "kind": "rest", "where": url, "collectedFor": "event", "trust": 1, "records": [stream]}
    source = RestSource.model_validate({**block, "limits": {"timeout": 2, "wait": 1}, **more})
    return [each.values["k"] for each in source.reader(source.records[0]).read(Since()) if isinstance(each, Row)]


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have the name `source.example` lead to these addresses, one after another, as a hostile name server does."""
    answers = list(addresses)
    plain = socket.getaddrinfo

    def resolve(host: str, port: Any, *more: Any, **named: Any) -> Any:
        if host != "source.example":
            return plain(host, port, *more, **named)
        return plain(answers.pop(0) if len(answers) > 1 else answers[0], port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("::1", "127.0.0.1")])
def test_g09_a_name_that_leads_into_the_machine_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    authority = Authority(tmp_path)
    leads_to(monkeypatch, *addresses)
    with server(page, authority.server("source.example")) as (url, asked):
        named = url.replace("127.0.0.1", "source.example")
        with pytest.raises(ConnectorError, match=r"leads to an address that is not asked|does not answer"):
            keys(named, authority=str(authority.pem))
        assert asked == []
        # The same server answers where the file allows its address: nothing else kept it from answering.
        assert keys(named, authority=str(authority.pem), addresses=["127.0.0.0/8"]) == ["a"]


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("127.0.0.1", False), ("127.8.8.8", False), ("::1", False), ("::ffff:127.0.0.1", False), ("0.0.0.0", False),
        ("169.254.169.254", False), ("fe80::1", False), ("::ffff:169.254.169.254", False), ("100.100.100.200", False),
        ("168.63.129.16", False), ("fd00:ec2::254", False), ("224.0.0.1", False), ("255.255.255.255", False),
        ("10.20.0.5", True), ("192.168.1.1", True), ("172.16.0.1", True), ("8.8.8.8", True), ("2001:4860::1", True),
    ],
)  # fmt: skip
def test_g09_addresses_of_the_machine_and_of_its_cloud_are_not_asked(address: str, asked: bool) -> None:
    assert may_be_asked("source.example", ip_address(address), ()) is asked


@pytest.mark.parametrize(("address", "asked"), [("10.20.0.5", True), ("10.21.0.5", False), ("8.8.8.8", False)])
def test_g09_declared_addresses_are_the_only_ones(address: str, asked: bool) -> None:
    assert may_be_asked("source.example", ip_address(address), [ip_network("10.20.0.0/16")]) is asked


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "https://source.example/x", "http://localhost/x"])
def test_g09_a_session_sends_to_no_other_host(url: str) -> None:
    with server(page) as (where, asked), GuardedSession([where], 2) as session:
        with pytest.raises(AddressRefused):
            session.get(url)
        assert asked == []
        assert session.get(where).status_code == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_g09_a_redirect_into_the_machine_is_not_followed(status: int) -> None:
    with server(page) as (inside, reached):
        given: Reply = (status, {"Location": inside}, b"")
        with (
            server(lambda _n, _q: given) as (url, _),
            pytest.raises(ConnectorError, match="redirects are not followed"),
        ):
            keys(url)
        assert reached == []


def test_g09_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(page) as (proxy, reached), server(page) as (url, asked):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert keys(url) == ["a"]
        assert (len(asked), reached) == (1, [])


def test_k16_a_certificate_that_the_named_authority_vouches_for_is_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with server(page, authority.server()) as (url, asked):
        assert keys(url, authority=str(authority.pem)) == ["a"]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("host", "days"), [("127.0.0.1", -1), ("127.0.0.2", 1), ("source.example", 1)], ids=["expired", "address", "name"]
)
def test_k16_an_expired_certificate_or_one_of_another_host_is_refused(tmp_path: Path, host: str, days: int) -> None:
    authority = Authority(tmp_path)
    with (
        server(page, authority.server(host, days)) as (url, asked),
        pytest.raises(ConnectorError, match="its certificate is not valid for it"),
    ):
        keys(url, authority=str(authority.pem))
    assert asked == []


def test_k16_an_authority_that_nobody_named_vouches_for_nothing(tmp_path: Path) -> None:
    named, other = Authority(tmp_path, "named"), Authority(tmp_path, "other")
    with server(page, other.server()) as (url, asked):
        for more in ({}, {"authority": str(named.pem)}):
            with pytest.raises(ConnectorError, match="its certificate is not valid for it"):
                keys(url, **more)
    assert asked == []


def test_k16_an_authority_that_is_missing_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with server(page, authority.server()) as (url, asked):
        with pytest.raises(ConnectorError, match="the file of `authority` cannot be read"):
            keys(url, authority=str(tmp_path / "none.pem"))
        (tmp_path / "empty.pem").write_text("nothing")
        with pytest.raises(ConnectorError, match="`authority`"):
            keys(url, authority=str(tmp_path / "empty.pem"))
    assert asked == []
