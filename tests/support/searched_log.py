"""A home whose log holds four answers about two people, and commands by somebody whose name alone is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.record import Coordinates, Record
from hub.auditor.search_terms import person_digests, surrogate_of
from hub.cli.main import app
from hub.home.audit_log import digester_of, open_log
from hub.home.key_files import MADE, KeyRefused
from hub.home.seals import load_key
from hub.home.settings import Settings
from tests.support.serving import COUNTY

LOCAL = {"SLUICEGATE_LOCAL_STEWARDS": "1"}
NEEDED = {
    **dict.fromkeys(("tail", "show", "search", "facets", "export", "subject", "prove"), "wu"),
    "accept-loss": "chen",
}
"""By command: the account of the example that has the role it needs."""


def as_auditor(arguments: Sequence[str]) -> list[str]:
    """The arguments of `sluicegate audit`, with the account of the example that has the role the command needs."""
    account = NEEDED.get(arguments[0])
    return list(arguments) if account is None or "--as" in arguments else [*arguments, "--as", account]


NUMBER, OTHER, NAME, PHONE = "110101199003070011", "110101199003070038", "祁慧蘭", "13800000001"
Run = Callable[..., Result]


def searched_home(home: Path) -> Settings:
    """A home whose log holds four answers, of which two told of the person."""
    made = Settings.load(home=home, policies=COUNTY)
    made.prepare_home()
    load_key(made.graph_key)
    digester, sid_of = digester_of(made), surrogate_of(made)
    log = open_log(made)
    for number in range(4):
        record = Record(
            kind="query",
            request_id=f"r{number}",
            result="OK",
            http_status=200,
            application="fire-inspection",
            department="fire",
            region="14/03/21/",
            purpose=("safety.fire.rental", "safety.fire")[number % 2],
            case=digester.digest("case", "EV-9") if number == 3 else None,
            variables={"#0": digester.digest("value", PHONE)} if number == 2 else {},
            decision=Coordinates(clear=("Person.name",), masked=("Person.phone",)),
            nodes=1,
            subjects=person_digests(digester, sid_of(NUMBER if number < 2 else OTHER)),
        )
        log.append_sync(record)
    log.close()
    return made


def destroy_digest_key(settings: Settings) -> None:
    """Destroy the key of the digests for good, which its line in `made` prevents until it is removed too."""
    settings.digest_key.unlink()
    with pytest.raises(KeyRefused, match="remove its line"):
        digester_of(settings)
    made = settings.digest_key.with_name(MADE)
    made.write_text(made.read_text("utf-8").replace(f"{settings.digest_key.name}\n", ""), "utf-8")


def audit_commands(settings: Settings) -> Run:
    """A function that runs `sluicegate audit` with its arguments in that home, and `given` on standard input."""

    def go(*arguments: str, given: str = "") -> Result:
        found = CliRunner().invoke(
            app, ["audit", *as_auditor(arguments), "--home", str(settings.home)], env=LOCAL, input=given
        )
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return go
