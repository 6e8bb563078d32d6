"""An HTTP session that asks the hosts of one source and nobody else.

It follows no redirect, takes no proxy or password from the environment, checks certificates, and limits the time and
size of an answer. The address that a host's name led to is looked at when it is connected to, before a byte is sent, so
that no name leads into the machine or to the metadata of a cloud, whatever it led to before.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Collection, Sequence
from http.client import HTTPResponse
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors.source_model import FaultAt

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ANSWER_BYTES = 16 << 20
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_METADATA = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")))
"""Where clouds tell their machines who they are, outside the link-local addresses."""
Network = IPv4Network | IPv6Network
Check = Callable[[str, socket.socket], None]
Left = Callable[[], float]


class AddressRefused(Exception):
    """A name led to an address that is not asked."""


def check_url(where: str, *path: str) -> None:
    """Raise FaultAt, at a path in the source's file, if an address is no plain one that may be asked."""
    parts = urlsplit(where)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise FaultAt("a plain http(s) address without user, password and query", *path)
    # Plain HTTP would show key and records to the network.
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise FaultAt("must be https, except on loopback", *path)


def may_be_asked(host: str, address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    """Whether a host may have this address: one of `networks` if there are some, else none of the machine's own."""
    plain = getattr(address, "ipv4_mapped", None) or address
    if host in LOOPBACK:
        return bool(plain.is_loopback)
    if networks:
        return any(plain in each for each in networks)
    return not (
        plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain.is_reserved
        or plain in _METADATA
    )  # fmt: skip


class GuardedSession(requests.Session):
    """Stays with the hosts of its source, and within time and size: an answer has so many seconds from its request on.

    `authority` is a file with the certificates of who vouches for them, None for the public authorities.
    """

    def __init__(
        self, urls: Collection[str], seconds: float, networks: Sequence[Network] = (), authority: str | None = None
    ) -> None:
        super().__init__()
        self.trust_env = False
        self._origins = {origin_of(each) for each in urls}
        self._seconds, self._authority = seconds, authority
        self._deadline = 0.0

        def check(host: str, connected: socket.socket) -> None:
            if not may_be_asked(host.strip("[]"), ip_address(connected.getpeername()[0].partition("%")[0]), networks):
                connected.close()
                raise AddressRefused

        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(check, lambda: self._deadline - time.monotonic()))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """The answer, whole; raises requests' errors and AddressRefused."""
        if origin_of(request.url or "") not in self._origins:
            raise AddressRefused
        options.update(allow_redirects=False, timeout=self._seconds, stream=True, verify=self._authority or True)
        self._deadline = time.monotonic() + self._seconds
        answer = super().send(request, **options)
        body = bytearray()
        try:
            for part in answer.iter_content(65_536):
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise requests.exceptions.ContentDecodingError("too large")
        finally:
            answer.close()
        answer._content = bytes(body)
        return answer


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class _Adapter(HTTPAdapter):
    """Connects by connections that check where they lead, and are read for as many seconds as are left."""

    def __init__(self, check: Check, left: Left) -> None:
        self._pools = _pools(check, left)
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools


class _TimedSocket(io.RawIOBase):
    """The bytes of a socket while time is left: a socket's own timeout begins anew with each byte."""

    def __init__(self, connected: socket.socket, left: Left) -> None:
        self._socket, self._left = connected, left
        self._bytes = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._left()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


def _pools(check: Check, left: Left) -> dict[str, Any]:
    class Timed(HTTPResponse):
        def __init__(self, sock: socket.socket, *given: Any, **named: Any) -> None:
            super().__init__(sock, *given, **named)
            self.fp.close()
            self.fp = io.BufferedReader(_TimedSocket(sock, left))

    class Plain(HTTPConnection):
        response_class = Timed

        def _new_conn(self) -> socket.socket:
            connected = super()._new_conn()
            check(self.host, connected)
            return connected

    class Secure(HTTPSConnection):
        response_class = Timed

        def _new_conn(self) -> socket.socket:
            connected = super()._new_conn()
            check(self.host, connected)
            return connected

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
