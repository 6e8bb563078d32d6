"""Runs a real OpenID provider, the package `oidc-provider`, with keys that a test makes and replaces."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from joserfc.jwk import ECKey, Key, RSAKey

from tests.conformance.clients.node_programs import environment, install, node
from tests.support.ports import free_port

HERE: Final = Path(__file__).parent
JWKS: Final = "/jwks"


@dataclass(frozen=True)
class RunningProvider:
    """A provider at `issuer`; its program reads key sets from its standard input."""

    issuer: str
    program: subprocess.Popen[str]

    def publish(self, *keys: Key) -> None:
        """Sign with the first of these keys from now on, and publish all of them."""
        assert self.program.stdin is not None and self.program.stdout is not None
        self.program.stdin.write(json.dumps({"keys": [key.as_dict(private=True) for key in keys]}) + "\n")
        self.program.stdin.flush()
        # The package prints warnings of its own before.
        assert "ready\n" in self.program.stdout, "the provider ended"

    def token(self) -> str:
        """An access token for the hub, by client credentials."""
        form = {"grant_type": "client_credentials", "resource": "urn:sluicegate:hub"}
        owner = ("fire-inspection", "only-for-tests")
        answer = httpx.post(f"{self.issuer}/token", data=form, auth=owner, trust_env=False)
        return str(answer.json()["access_token"])

    def asked(self) -> int:
        """How often its keys were asked for."""
        counts = httpx.get(f"{self.issuer}/asked", trust_env=False).json()
        return int(counts.get(JWKS, 0))

    def stop(self) -> None:
        """End the program at once."""
        self.program.kill()
        self.program.wait()


@contextmanager
def provider(folder: Path, *keys: Key, port: int = 0, redirects: Sequence[str] = ()) -> Iterator[RunningProvider]:
    """A provider with these keys, in a folder in which its packages are installed; `port` 0 takes a free one.

    People sign in at it for the pages `redirects`, if there are any.
    """
    port = port or free_port()
    command = [node(), "provider.mjs", str(port), *redirects]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        running = RunningProvider(f"http://127.0.0.1:{port}", program)
        try:
            running.publish(*keys)
            yield running
        finally:
            running.stop()


def install_provider(folder: Path) -> Path:
    """The provider's program with its packages, in `folder`."""
    return install(folder, HERE)


def signing_key(kid: str) -> ECKey:
    """A new key with which the provider signs tokens."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)


def other_key(kid: str) -> RSAKey:
    """A key of an algorithm that the hub does not take; a provider publishes such keys too."""
    return RSAKey.generate_key(2_048, {"kid": kid, "use": "sig", "alg": "PS256"}, private=True)
