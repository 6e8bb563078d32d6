"""The demo's OpenID provider: it signs in whoever chooses a name on its page, by the device flow or the code flow.

For demos and tests only: it asks for no password, and listens on this machine alone. Its signing key is made when it
starts and is kept nowhere.

RFC 8628 (device authorization grant), RFC 7636 (PKCE), OpenID Connect Core 1.0.
"""

from __future__ import annotations

import hashlib
import html
import re
import secrets
import socket
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

import orjson
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from hub.home.settings import Settings
from hub.home.sign_in import DEVICE_GRANT
from hub.sample.known_people import COMPANION, PROTAGONIST, UNSEEN

CODE_GRANT: Final = "authorization_code"
CODE_SECONDS: Final = 600
INTERVAL_SECONDS: Final = 1
_BACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?)/[A-Za-z0-9/_-]*")
"""Where a sign-in may go back to. It stands in a header of the page, so nothing else may be in it."""
LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
MOST_CODES: Final = 100
MAX_FORM: Final = 4_096
CLAIM: Final = "resident_id"
RESIDENTS: Final = {"qi": PROTAGONIST, "ming": COMPANION, "qu": UNSEEN}
"""Residents by their account at the demo's provider for them: the tour looks at the first two, and at the third not."""
STYLE: Final = (
    "body{font:16px/1.6 'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif;max-width:34em;margin:8vh auto;"
    "padding:0 1em;color:#1d2939}label{display:block;padding:.5em .8em;border:1px solid #d0d5dd;border-radius:6px;"
    "margin:.4em 0}button{font:inherit;padding:.5em 1.6em;border:0;border-radius:6px;background:#175cd3;color:#fff}"
    "code{font-size:1.3em;letter-spacing:.1em}"
)


@dataclass(slots=True)
class _Code:
    """A sign-in that was begun; `account` is who confirmed it."""

    user_code: str
    client: str
    ends: float
    account: str | None = None


@dataclass(frozen=True, slots=True)
class _Granted:
    """A code that a browser takes back to the page that began the sign-in, and what belongs to it."""

    account: str
    client: str
    redirect: str
    nonce: str
    challenge: str
    ends: float


@dataclass(slots=True)
class DemoProvider:
    """The provider at `issuer`, whose page offers `people` (account and what is shown of them).

    `claims` are what its tokens say of an account beside its name.
    """

    issuer: str
    people: Sequence[tuple[str, str]]
    claims: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    codes: dict[str, _Code] = field(default_factory=dict)
    granted: dict[str, _Granted] = field(default_factory=dict, repr=False)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True), repr=False)

    def app(self) -> Starlette:
        """Its pages."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/keys", self._keys),
                Route("/device_authorization", self._begin, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/device", self._page),
                Route("/device", self._confirm, methods=["POST"]),
                Route("/authorize", self._ask),
                Route("/authorize", self._grant, methods=["POST"]),
            ]
        )

    async def _configuration(self, _: Request) -> Response:
        pages = {
            "authorization_endpoint": "authorize",
            "device_authorization_endpoint": "device_authorization",
            "token_endpoint": "token",
            "jwks_uri": "keys",
        }
        return JSONResponse(
            {
                "issuer": self.issuer,
                **{name: f"{self.issuer}/{page}" for name, page in pages.items()},
                "grant_types_supported": [DEVICE_GRANT, CODE_GRANT],
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "subject_types_supported": ["public"],
                "response_types_supported": ["code"],
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False) | {"alg": "ES256", "use": "sig"}]})

    async def _begin(self, request: Request) -> Response:
        client = (await _form(request)).get("client_id", "")
        now = time.time()
        self.codes = {device: code for device, code in self.codes.items() if code.ends > now}
        if not client or len(self.codes) >= MOST_CODES:
            return JSONResponse({"error": "invalid_client" if not client else "slow_down"}, 400)
        letters = "".join(secrets.choice(LETTERS) for _ in range(8))
        code = _Code(f"{letters[:4]}-{letters[4:]}", client, now + CODE_SECONDS)
        device = secrets.token_urlsafe(32)
        self.codes[device] = code
        page = f"{self.issuer}/device"
        return JSONResponse(
            {
                "device_code": device,
                "user_code": code.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={code.user_code}",
                "expires_in": CODE_SECONDS,
                "interval": INTERVAL_SECONDS,
            }
        )

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        if form.get("grant_type") == CODE_GRANT:
            return self._redeem(form)
        device = form.get("device_code", "")
        code = self.codes.get(device)
        if form.get("grant_type") != DEVICE_GRANT or code is None or form.get("client_id") != code.client:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if code.ends < time.time():
            return JSONResponse({"error": "expired_token"}, 400)
        if code.account is None:
            return JSONResponse({"error": "authorization_pending"}, 400)
        del self.codes[device]  # a code is good for one token
        return self._signed(code.client, code.account)

    def _redeem(self, form: Mapping[str, str]) -> Response:
        granted = self.granted.pop(form.get("code", ""), None)  # a code is good for one token
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        fits = granted is not None and granted == replace(
            granted,
            client=form.get("client_id", ""),
            redirect=form.get("redirect_uri", ""),
            challenge=urlsafe_b64encode(digest).rstrip(b"=").decode(),
        )
        if granted is None or not fits or granted.ends < time.time():
            return JSONResponse({"error": "invalid_grant"}, 400)
        return self._signed(granted.client, granted.account, nonce=granted.nonce)

    def _signed(self, client: str, account: str, **claims: str) -> Response:
        token = self.id_token(client, account, **claims)
        return JSONResponse({"id_token": token, "access_token": secrets.token_urlsafe(16), "token_type": "Bearer"})

    def id_token(self, client: str, account: str, **more: str) -> str:
        """What the provider signs when somebody has confirmed, with `more` claims."""
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": account, "aud": client, "iat": now, "exp": now + 600, **more}
        claims |= self.claims.get(account, {})
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key, algorithms=["ES256"])

    async def _ask(self, request: Request) -> Response:
        if _back_of(request) is None:
            return _html("<h1>请求无效</h1><p>This is no request of a console on this machine.</p>", 400)
        return _html(self._chooser(""), back=_back_of(request))

    async def _grant(self, request: Request) -> Response:
        asked, account = request.query_params, (await _form(request)).get("account", "")
        back, now = _back_of(request), time.time()
        self.granted = {code: each for code, each in self.granted.items() if each.ends > now}
        if back is None or account not in dict(self.people) or len(self.granted) >= MOST_CODES:
            return _html("<h1>请求无效</h1><p>Begin again at the console.</p>", 400)
        code, ends = secrets.token_urlsafe(32), now + CODE_SECONDS
        client, page, nonce, challenge = (
            asked.get(name, "") for name in ("client_id", "redirect_uri", "nonce", "code_challenge")
        )
        self.granted[code] = _Granted(account, client, page, nonce, challenge, ends)
        answer = urlencode({"code": code, "state": asked.get("state", ""), "iss": self.issuer})
        return RedirectResponse(f"{page}?{answer}", 303)

    async def _page(self, request: Request) -> Response:
        code = html.escape(request.query_params.get("user_code", ""))
        field = f'<p>确认码 code <input name="user_code" required autocomplete="off" value="{code}"></p>'
        return _html(self._chooser(field))

    async def _confirm(self, request: Request) -> Response:
        form = await _form(request)
        account = form.get("account", "")
        wanted = form.get("user_code", "").strip().upper()
        code = next((each for each in self.codes.values() if each.user_code == wanted), None)
        if code is None or code.ends < time.time() or account not in dict(self.people):
            return _html("<h1>确认码无效</h1><p>This code is not valid any more; begin again.</p>", 400)
        code.account = account
        return _html(f"<h1>已登录</h1><p>Signed in as {html.escape(account)}. You may close this page.</p>")

    def _chooser(self, first: str) -> str:
        choices = "".join(
            f'<label><input type="radio" name="account" value="{html.escape(account)}" required> '
            f"{html.escape(account)} · {html.escape(shown)}</label>"
            for account, shown in self.people
        )
        return (
            "<h1>数闸演示登录</h1><p>This provider is for the demo: choose who you are. 请选择演示身份。</p>"
            f'<form method="post">{first}{choices}<p><button>确认 Confirm</button></p></form>'
        )


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; empty if it is longer than any that is meant."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM:
            return {}
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
    except ValueError:
        return {}


def _back_of(request: Request) -> str | None:
    """The origin on this machine to which a sign-in goes back; None unless it is one for a code with PKCE."""
    asked = request.query_params
    if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
        return None
    found = _BACK.fullmatch(asked.get("redirect_uri", ""))
    return found[1] if found else None


def _html(content: str, status: int = 200, back: str | None = None) -> Response:
    """A page; its form may lead to `back` too."""
    page = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>登录</title><style>{STYLE}</style>{content}'
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
    policy += f" {back or ''}; frame-ancestors 'none'"
    return HTMLResponse(page, status, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


@contextmanager
def _served(people: Sequence[tuple[str, str]], claims: Mapping[str, Mapping[str, str]]) -> Iterator[DemoProvider]:
    """Inside this context a provider serves on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    provider = DemoProvider(f"http://127.0.0.1:{listener.getsockname()[1]}", people, claims)
    server = uvicorn.Server(uvicorn.Config(provider.app(), access_log=False, server_header=False, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield provider
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def demo_provider(settings: Settings, people: Sequence[tuple[str, str]]) -> Iterator[DemoProvider]:
    """Inside this context the provider serves on a free port, and commands of this home find it."""
    path = settings.prepare_home() / settings.local_provider_file.name
    path.unlink(missing_ok=True)
    with _served(people, {}) as provider:
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps({"issuer": provider.issuer}))
        try:
            yield provider
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def residents_provider() -> Iterator[DemoProvider]:
    """Inside this context a provider serves at which invented residents of the sample county sign in."""
    people = [(account, each.name) for account, each in RESIDENTS.items()]
    claims = {account: {CLAIM: each.id_no} for account, each in RESIDENTS.items()}
    with _served(people, claims) as provider:
        yield provider


def settings_for_residents(provider: DemoProvider) -> dict[str, str]:
    """The settings of a hub at which residents sign in by a provider of theirs."""
    return {"resident_issuer": provider.issuer, "resident_client": "sluicegate-residents", "resident_claim": CLAIM}
