"""Acts are by people who signed in: the device flow over real HTTP, sessions, roles, and what the records say."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from audit.log import read
from audit.record import Record
from hub.cli.main import app
from hub.demo.provider import DemoProvider, demo_provider
from hub.home.audit_log import digester_of, open_log
from hub.home.session import SESSION_SECONDS, keep_session, signed_in
from hub.home.settings import Settings
from hub.home.sign_in import SignInRefused, await_token, begin, check_token, discover, keys_of
from hub.steward.changes import steward_session, store_of
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = [pytest.mark.conformance, pytest.mark.attack]

PEOPLE = [("zhang", "steward"), ("li", "steward"), ("wu", "auditor"), ("chen", "operator"), ("nobody", "a stranger")]
Run = Callable[..., Result]


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SLUICEGATE_HOME", str(home))
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(COUNTY))
    found = Settings.load()
    found.prepare_home()
    with closing(open_log(found)) as log:
        log.append_sync(Record(kind="refusal", request_id="r", result="METHOD", http_status=405))
    return found


@pytest.fixture
def provider(settings: Settings) -> Iterator[DemoProvider]:
    with demo_provider(settings, PEOPLE) as running:
        yield running


@pytest.fixture
def run(settings: Settings) -> Run:
    def go(*arguments: str, code: int = 0) -> Result:
        found = CliRunner().invoke(app, list(arguments))
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert found.exit_code == code, found.output
        return found

    return go


def make_store(settings: Settings) -> None:
    """The version store, as the first start of a hub makes it."""
    with steward_session(settings, SPINE):
        assert settings.policy_file.exists()


def sign_in(settings: Settings, provider: DemoProvider, account: str) -> None:
    keep_session(settings, provider.id_token(settings.sign_in_client, account))


def records(settings: Settings) -> list[Record]:
    return [each.record for each in read(settings.audit_file)]


def confirm(provider: DemoProvider, account: str) -> None:
    """What a person does in the browser, as soon as there is a code."""
    for _ in range(1_000):
        if provider.codes:
            break
        time.sleep(0.01)
    (code,) = provider.codes.values()
    page = httpx.get(f"{provider.issuer}/device", params={"user_code": code.user_code}, trust_env=False)
    assert code.user_code in page.text and all(each in page.text for each, _ in PEOPLE)
    form = {"user_code": code.user_code, "account": account}
    assert httpx.post(f"{provider.issuer}/device", data=form, trust_env=False).status_code == 200


def test_case_1_10_a_person_signs_in_by_the_device_flow(settings: Settings, provider: DemoProvider, run: Run) -> None:
    browser = threading.Thread(target=confirm, args=(provider, "wu"))
    browser.start()
    shown = run("login").stdout
    browser.join()
    assert "signed in as wu" in shown and f"{provider.issuer}/device?user_code=" in shown
    assert stat.S_IMODE(settings.session_file.stat().st_mode) == 0o600
    run("audit", "tail")
    (last,) = records(settings)[-1:]
    digester = digester_of(settings)
    assert (last.operation_name, last.subject) == ("audit tail", digester.digest("steward", "wu"))
    assert last.variables["issuer"] == provider.issuer
    assert last.variables["signedIn"] == digester.digest("subject", f"{provider.issuer} wu")
    assert run("logout").stdout == "signed out\n" and not settings.session_file.exists()
    assert "sluicegate login" in run("audit", "tail", code=1).stderr


ASKS = ["--app", "fire-inspection", "--purpose", "safety.fire.rental"]
READING = [
    ["audit", "tail"], ["audit", "show", "0"], ["audit", "search"], ["audit", "facets"], ["audit", "prove", "0"],
    ["audit", "export", "OUT"], ["audit", "subject", "--sid", "0" * 32], ["policy", "history"],
    ["policy", "export", "1", "--out", "OUT"], ["policy", "replay", "current"], ["policy", "diff", "1", "1"],
    ["policy", "diff", "current", str(COUNTY)], ["policy", "explain", *ASKS, "Person.name"],
    ["policy", "preview", "--as", "statistics", "--purpose", "stat", "{ __typename }"],
    ["audit", "accept-loss", "--confirm", "x"],
]  # fmt: skip
CHANGING = [["draft", str(COUNTY)], ["rollback", "1"], ["approve", "1", "0" * 32], ["activate", "1"]]


@pytest.mark.parametrize(
    "command", [*READING, *(["policy", *each] for each in CHANGING)], ids=lambda each: " ".join(each[:2])
)
def test_case_1_10_a_shell_without_a_sign_in_reads_and_changes_nothing(
    settings: Settings, run: Run, tmp_path: Path, command: list[str]
) -> None:
    words = [str(tmp_path / "out") if word == "OUT" else word for word in command]
    make_store(settings)
    found = run(*words, code=1)
    assert found.stdout == "" and "nobody is signed in" in found.stderr
    assert not (tmp_path / "out").exists()
    assert all(each.kind in {"refusal", "policy"} for each in records(settings))


@pytest.mark.parametrize(
    "command", [each for each in READING if each[0] == "audit" and "loss" not in each[1]], ids=lambda each: each[1]
)
@pytest.mark.parametrize("account", ["chen", "zhang"])
def test_case_1_10_only_an_auditor_reads_the_log(
    settings: Settings, provider: DemoProvider, run: Run, tmp_path: Path, command: list[str], account: str
) -> None:
    sign_in(settings, provider, account)
    words = [str(tmp_path / "out") if word == "OUT" else word for word in command]
    found = run(*words, code=1)
    assert found.stdout == "" and f"{account!r} has not the role" in found.stderr


VERSIONS = [each for each in READING if each[0] == "policy" and each[1] in {"history", "diff", "explain"}]


@pytest.mark.parametrize("command", VERSIONS, ids=lambda each: " ".join(each[1:3]))
def test_versions_are_read_by_their_readers_on_record(
    settings: Settings, provider: DemoProvider, run: Run, command: list[str]
) -> None:
    make_store(settings)
    sign_in(settings, provider, "chen")
    assert "'chen' has not the role" in run(*command, code=1).stderr
    before = len(records(settings))
    for account in ("zhang", "wu"):
        sign_in(settings, provider, account)
        assert run(*command).stdout
    read_by = [(each.kind, each.operation_name, each.subject) for each in records(settings)[before:]]
    digester, name = digester_of(settings), " ".join(command[:2])
    assert read_by == [("search", name, digester.digest("steward", account)) for account in ("zhang", "wu")]


def test_a_version_whose_reading_cannot_be_recorded_is_not_shown(
    settings: Settings, provider: DemoProvider, run: Run
) -> None:
    make_store(settings)
    sign_in(settings, provider, "zhang")
    settings.audit_head.write_bytes(b"another log's head")
    for command in VERSIONS:
        assert run(*command, code=1).stdout == ""


def test_folders_are_read_without_a_sign_in_and_without_a_record(settings: Settings, run: Run) -> None:
    make_store(settings)
    before = len(records(settings))
    run("policy", "diff", str(COUNTY), str(COUNTY))
    run("policy", "explain", *ASKS, "Person.name", "--folder", str(COUNTY))
    assert len(records(settings)) == before


@pytest.mark.parametrize("named", [["--as", "zhang"], ["--as", "li"]])
def test_case_1_10_a_name_alone_is_not_believed(settings: Settings, run: Run, named: list[str]) -> None:
    for command in CHANGING:
        assert "SLUICEGATE_LOCAL_STEWARDS" in run("policy", *command, *named, code=1).stderr
    assert "SLUICEGATE_LOCAL_STEWARDS" in run("audit", "tail", *named, code=1).stderr
    assert not any(each.subject for each in records(settings) if each.operation_name == "policy approve")


def changed(tmp_path: Path) -> str:
    folder = tmp_path / "policies"
    folder.mkdir()
    for file in COUNTY.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "fire.yaml").open("a", encoding="utf-8") as added:
        added.write("# changed\n")
    return str(folder)


def test_case_1_10_who_signed_is_kept_with_each_act(
    settings: Settings, provider: DemoProvider, run: Run, tmp_path: Path
) -> None:
    sign_in(settings, provider, "zhang")
    draft = json.loads(run("policy", "draft", changed(tmp_path), "--json").stdout)
    assert "nobody approves their own draft" in run("policy", "approve", "2", draft["hash"], code=1).stderr
    sign_in(settings, provider, "li")
    run("policy", "approve", "2", draft["hash"])
    run("policy", "activate", "2")
    with closing(store_of(settings, SPINE)) as store:
        (past,) = store.history()[1:]
    assert past.activation is not None
    assert past.version.signed == f"{provider.issuer} zhang"
    assert past.approvals[0].signed == past.activation.signed == f"{provider.issuer} li"
    digester = digester_of(settings)
    acts = [each for each in records(settings) if each.kind == "policy" and "signedIn" in each.variables]
    assert [(each.operation_name, each.result) for each in acts] == [
        ("policy draft", "OK"), ("policy approve", "REFUSED"), ("policy approve", "OK"), ("policy activate", "OK"),
    ]  # fmt: skip
    signers = [each.variables["signedIn"] for each in acts]
    assert signers == [digester.digest("subject", f"{provider.issuer} {who}") for who in ("zhang", "zhang", "li", "li")]


def test_case_1_10_local_trust_is_on_record(
    settings: Settings, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICEGATE_LOCAL_STEWARDS", "1")
    run("policy", "draft", changed(tmp_path), "--as", "zhang")
    run("audit", "tail", "--as", "wu")
    with closing(store_of(settings, SPINE)) as store:
        assert store.history()[-1].version.signed == "local"
    assert [each.variables["signedIn"] for each in records(settings)[-2:]] == ["local", "local"]
    assert "has not the role auditor" in run("audit", "tail", "--as", "chen", code=1).stderr


def test_a_stranger_whom_the_provider_signs_in_is_nobody(settings: Settings, provider: DemoProvider, run: Run) -> None:
    sign_in(settings, provider, "nobody")
    assert "does not name" in run("audit", "tail", code=1).stderr


def forged(provider: DemoProvider, key: ECKey | None = None, **changes: object) -> str:
    signer = key or provider.key
    now = int(time.time())
    claims = {"iss": provider.issuer, "sub": "wu", "aud": "sluicegate", "iat": now, "exp": now + 600, **changes}
    return jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, signer, algorithms=["ES256"])


def test_case_1_10_a_session_that_the_provider_did_not_sign_is_not_believed(
    settings: Settings, provider: DemoProvider, run: Run
) -> None:
    sign_in(settings, provider, "wu")
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    old = int(time.time()) - SESSION_SECONDS - 5
    tokens = {
        "another key": forged(provider, stranger),
        "another client": forged(provider, aud="other"),
        "another issuer": forged(provider, iss="https://other.example"),
        "old": forged(provider, iat=old, exp=old + 10**6),
        "from the future": forged(provider, iat=int(time.time()) + 600),
        "nobody": forged(provider, sub=""),
        "no token": "x.y.z",
        "unsigned": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3dSJ9.",
    }
    for name, token in tokens.items():
        settings.session_file.write_text(json.dumps({"idToken": token}), "utf-8")
        assert run("audit", "tail", code=1).stdout == "", name
        with pytest.raises(SignInRefused):
            keep_session(settings, token)
    settings.session_file.write_text(json.dumps({"idToken": forged(provider)}), "utf-8")
    run("audit", "tail")
    settings.session_file.chmod(0o644)
    assert "may be read by others" in run("audit", "tail", code=1).stderr


def test_a_session_is_not_believed_without_its_provider(settings: Settings, run: Run) -> None:
    with demo_provider(settings, PEOPLE) as provider:
        sign_in(settings, provider, "wu")
        assert signed_in(settings).subject == "wu"
    assert "no OpenID provider is known" in run("audit", "tail", code=1).stderr
    with demo_provider(settings, PEOPLE):
        assert run("audit", "tail", code=1).stdout == ""


def test_the_issuer_of_a_steward_is_said_by_the_version(
    settings: Settings, provider: DemoProvider, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the shell can name another provider, and gains nothing where the version says which."""
    folder = Path(changed(tmp_path))
    text = (folder / "stewards.yaml").read_text("utf-8")
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(folder))
    for issuer, code in ((provider.issuer, 0), ("https://login.example.gov.cn", 1)):
        named = text.replace("subject: wu,", f"subject: wu, issuer: '{issuer}',")
        (folder / "stewards.yaml").write_text(named, "utf-8")
        sign_in(settings, provider, "wu")
        run("audit", "tail", code=code)


@pytest.mark.parametrize("url", ["http://login.example.gov.cn", "https://127.0.0.1:9", "ftp://x", "http://127.0.0.1:9"])
def test_a_provider_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SignInRefused):
        discover(url)


def test_a_refusal_and_a_code_in_vain_end_the_sign_in(provider: DemoProvider) -> None:
    found = discover(provider.issuer)
    code = begin(found, "sluicegate")
    waited: list[float] = []
    provider.codes.clear()
    with pytest.raises(SignInRefused, match="invalid_grant"):
        await_token(found, "sluicegate", code, waited.append)
    assert waited == [code.interval]
    other = begin(found, "sluicegate")
    form = {"user_code": "AAAA-AAAA", "account": "wu"}
    assert httpx.post(f"{provider.issuer}/device", data=form, trust_env=False).status_code == 400
    form = {"user_code": other.user_code, "account": "mallory"}
    assert httpx.post(f"{provider.issuer}/device", data=form, trust_env=False).status_code == 400
    httpx.post(f"{provider.issuer}/device", data={**form, "account": "li"}, trust_env=False)
    token = await_token(found, "sluicegate", other, waited.append)
    assert check_token(token, keys_of(found), provider.issuer, "sluicegate").subject == "li"
    with pytest.raises(SignInRefused, match="invalid_grant"):
        await_token(found, "sluicegate", other, waited.append)
