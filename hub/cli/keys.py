"""The group `sluicegate keys`: which keys a home has, and new ones in their place while hubs serve."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from hub.cli.options import Home, Json, Refused, exit_on_refusal, open_settings

app = typer.Typer(help="The keys of a home (密钥).", no_args_is_help=True)
KINDS = "issuer, ids, digests or audit"


@app.callback()
def _group() -> None:
    """The keys of a home (密钥)."""


@app.command("list", epilog="Example: sluicegate keys list")
def list_keys(home: Home = None, as_json: Json = False) -> None:
    """List the keys of each kind: since when each is used, and until when it is accepted (密钥列表).

    No secret is shown.
    """
    with exit_on_refusal():
        rows = _rows(open_settings(home))
        if as_json:
            typer.echo(json.dumps(rows))
            return
        for row in rows:
            until = f", accepted until {row['until']}" if row["until"] else ""
            typer.echo(
                f"{row['kind']} {row['number']}: {row['state']}, used since {row['since']}{until} ({row['file']})"
            )


@app.command(epilog="Example: sluicegate keys rotate ids --keep-days 90")
def rotate(
    kind: Annotated[str, typer.Argument(help=f"Which key: {KINDS}.")],
    keep_days: Annotated[
        int, typer.Option(min=1, max=3_650, help="Days for which ids of the key before are opened.")
    ] = 90,
    after: Annotated[
        int,
        typer.Option(min=10, max=604_800, help="Seconds until the new key is used; longer if homes share the key."),
    ] = 10,
    home: Home = None,
) -> None:
    """Make a new key, which hubs of this home use a little later (轮换密钥).

    No request fails by it: what was made with the key before is accepted for as long as `keys list` says.
    """
    with exit_on_refusal():
        from hub.home.key_ring import FILES
        from hub.home.rotation import moment
        from hub.home.rotation import rotate as make_next

        if kind not in FILES:
            raise Refused(f"there is no kind of key {kind!r} to rotate; say {KINDS}")
        settings = open_settings(home)
        if not settings.home.exists():
            raise Refused(f"{settings.home} is no home, so it has no keys; name that of your hub with --home")
        new = make_next(settings, kind, after, keep_days)
        typer.echo(f"key {new.number} of {kind} is used from {moment(new.since)} on; back up {new.file.parent} again")
        if kind == "audit":
            typer.echo("whoever verifies the log needs its new public key too: sluicegate audit key")


def _rows(settings: Any) -> list[dict[str, Any]]:
    import time

    from hub.home.key_ring import FILES, ring_of
    from hub.home.rotation import moment

    now, rows = time.time(), []
    for kind in FILES:
        ring = ring_of(settings.keys_folder, kind)
        accepted, current = ring.accepted(now), ring.current(now)
        for each in ring.generations:
            if not os.path.lexists(each.file):
                continue
            state = "in use" if each == current else "to come" if each.since > now else "accepted"
            rows.append(
                {
                    "kind": kind,
                    "number": each.number,
                    "state": state if each in accepted else "over",
                    "since": moment(each.since) if each.since else "the beginning",
                    "until": None if each.until is None else moment(each.until),
                    "file": each.file.name,
                }
            )
    return rows
