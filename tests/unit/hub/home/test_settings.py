"""Settings: known, checked, frozen; secrets unseen."""

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.home.settings import Settings, SettingsError
from hub.serve import serve_until_stopped

pytestmark = pytest.mark.unit

DEFAULTS = [
    ("home", Path(".sluicegate")),
    ("host", "127.0.0.1"),
    ("port", 8600),
    ("public_url", None),
    ("time_zone", "Asia/Shanghai"),
    ("graph_url", None),
    ("http_profile", "common"),
    ("compress_answers", True),
    ("body_limit", 262_144),
    ("graph_deadline", 5.0),
    ("graph_statements", 8),
    ("pull_lease", 60.0),
    ("purge", "told"),
    ("graph_quick_start", False),
    ("audit_deadline", 2.0),
    ("audit_store", None),
    ("audit_origin", "sluicegate.local/audit"),
    ("slices", None),
    ("policy_store", None),
    ("sources", None),
    ("resident_issuer", None),
    ("resident_client", None),
    ("resident_claim", None),
    ("policy_max_age", 600.0),
    ("result_node_cap", 10_000),
    ("failed_matches", 20),
    ("rate_of_application", 200_000),
    ("burst_of_application", 2_000_000),
    ("rate_of_person", 40_000),
    ("burst_of_person", 400_000),
    ("failed_matches_of_application", 1_000),
    ("result_byte_cap", 8 * 1024 * 1024),
    ("otlp_endpoint", None),
    ("sign_in_issuer", None),
    ("sign_in_client", "sluicegate"),
    ("local_stewards", False),
    ("issuer_discovery", False),
    ("issuer_keys_max_age", 86_400.0),
    ("token", None),
    ("token_file", None),
]
REFUSED = [
    ({"SLUICEGATE_PROT": "8601"}, "unknown setting SLUICEGATE_PROT; nearest: SLUICEGATE_PORT"),
    ({"SLUICEGATE_POLICY_FOLDERS_OF_MINE": "x"}, "unset it"),
    ({"SLUICEGATE_SIGN_IN_ISSUER": "login.example"}, "sign_in_issuer:"),
    ({"SLUICEGATE_HOME": "\udcff\udcfe"}, "home: the path, from the root on, has bytes that are no UTF-8"),
    ({"SLUICEGATE_AUDIT_ORIGIN": "log\udcff"}, "audit_origin: Input should be a valid string"),
    ({"SLUICEGATE_POLICY_STORE": "sqlite:////\udcff"}, "policy_store: the value has bytes that are no UTF-8"),
    ({"SLUICEGATE_LOCAL_STEWARDS": "zhang"}, "local_stewards:"),
    ({"SLUICEGATE_PORT": "0"}, "port:"),
    ({"SLUICEGATE_PUBLIC_URL": "hub.example"}, "public_url:"),
    ({"SLUICEGATE_PUBLIC_URL": "https://me:secret@hub.example"}, "public_url:"),
    ({"SLUICEGATE_PORT": "70000"}, "port:"),
    ({"SLUICEGATE_PORT": "many"}, "port:"),
    ({"SLUICEGATE_TIME_ZONE": "Peking"}, "time_zone:"),
    ({"SLUICEGATE_GRAPH_DEADLINE": "0"}, "graph_deadline:"),
    ({"SLUICEGATE_GRAPH_DEADLINE": "nan"}, "graph_deadline:"),
    ({"SLUICEGATE_FAILED_MATCHES": "0"}, "failed_matches:"),
    ({"SLUICEGATE_RATE_OF_PERSON": "0"}, "rate_of_person:"),
    ({"SLUICEGATE_BURST_OF_PERSON": "99"}, "burst_of_person:"),
    ({"SLUICEGATE_RATE_OF_PERSONS": "9"}, "nearest: SLUICEGATE_RATE_OF_PERSON"),
    ({"SLUICEGATE_HTTP_PROFILE": "2026"}, "http_profile:"),
    ({"SLUICEGATE_INTROSPECTION": "no"}, "introspection:"),
    ({"SLUICEGATE_COMPRESS_ANSWERS": "perhaps"}, "compress_answers:"),
    ({"SLUICEGATE_BODY_LIMIT": "-1"}, "body_limit:"),
    ({"SLUICEGATE_GRAPH_HEAP": "1g -XX:+Evil"}, "graph_heap:"),
    ({"SLUICEGATE_GRAPH_URL": "http://localhost:7474"}, "graph_url:"),
    ({"SLUICEGATE_GRAPH_URL": "bolt://neo4j:secret@localhost"}, "graph_url:"),
    ({"SLUICEGATE_GRAPH_URL": "bolt://localhost:7687"}, "needs graph_password"),
    ({"SLUICEGATE_GRAPH_PASSWORD": "a", "SLUICEGATE_GRAPH_PASSWORD_FILE": "b"}, "not both"),
    ({"SLUICEGATE_POLICY_STORE": "postgresql://u:secret@h/d"}, "policy_store:.*takes sqlite"),
    ({"SLUICEGATE_AUDIT_STORE": "sqlite:///secret"}, "audit_store:.*takes postgresql"),
    ({"SLUICEGATE_AUDIT_STORE": "postgresql://h/d", "SLUICEGATE_AUDIT_STORE_FILE": "f"}, "not both"),
    ({"SLUICEGATE_AUDIT_ORIGIN": "a name"}, "audit_origin:"),
    ({"SLUICEGATE_POLICY_MAX_AGE": "0"}, "policy_max_age:"),
    ({"SLUICEGATE_OTLP_ENDPOINT": "collector:4318"}, "otlp_endpoint:"),
    ({"SLUICEGATE_ISSUER_DISCOVERY": "true"}, "issuer_discovery needs an issuer such as https://id.example"),
    ({"SLUICEGATE_ISSUER_DISCOVERY": "true", "SLUICEGATE_ISSUER": "http://id.example"}, "needs an issuer"),
    ({"SLUICEGATE_ISSUER_DISCOVERY": "true", "SLUICEGATE_ISSUER": "https://u:secret@id.example"}, "needs an issuer"),
    ({"SLUICEGATE_ISSUER_DISCOVERY": "true", "SLUICEGATE_ISSUER": "https://id.example?a=b"}, "needs an issuer"),
    ({"SLUICEGATE_ISSUER_DISCOVERY": "true", "SLUICEGATE_ISSUER": "https://[::1"}, "needs an issuer"),
    (
        {
            "SLUICEGATE_ISSUER_DISCOVERY": "true",
            "SLUICEGATE_ISSUER": "https://id.example",
            "SLUICEGATE_ISSUER_JWKS": "f",
        },
        "not both",
    ),
    ({"SLUICEGATE_ISSUER_KEYS_MAX_AGE": "599"}, "issuer_keys_max_age:"),
    ({"SLUICEGATE_ISSUER_KEYS_MAX_AGE": "700000"}, "issuer_keys_max_age:"),
]


@pytest.mark.parametrize(("name", "value"), DEFAULTS)
def test_default(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLUICEGATE_GRAPH_QUICK_START")  # what all tests have (tests/conftest.py)
    assert getattr(Settings.load(), name) == value


@pytest.mark.parametrize(("environment", "text"), REFUSED)
def test_refused(environment: dict[str, str], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=text.replace("+", r"\+")) as caught:
        Settings.load()
    assert "secret" not in str(caught.value)
    assert "Evil" not in str(caught.value) and "Value error" not in str(caught.value)


def test_a_working_folder_that_is_no_utf_8_or_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "\udcff"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError, match="home: the path, from the root on, has bytes that are no UTF-8"):
        Settings.load()
    folder.rmdir()
    with pytest.raises(SettingsError, match="home: this path begins in the working folder, which is gone"):
        Settings.load()


@pytest.mark.parametrize("issuer", ["https://id.example", "https://id.example:8443/a/", "http://127.0.0.1:8080"])
def test_an_issuer_at_which_keys_are_found(issuer: str) -> None:
    assert Settings.load(issuer=issuer, issuer_discovery=True).issuer == issuer


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_PORT", "8700")
    assert Settings.load().port == 8700
    assert Settings.load(port=8800).port == 8800


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(SettingsError, match="prot"):
        Settings.load(prot=1)


def test_settings_do_not_change() -> None:
    settings = Settings.load()
    with pytest.raises(ValidationError):
        settings.port = 1


def test_a_secret_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_GRAPH_PASSWORD", "drowssap")
    monkeypatch.setenv("SLUICEGATE_POLICY_STORE", "postgresql+psycopg://u:drowssap@h/d")
    settings = Settings.load()
    assert "drowssap" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert settings.read_graph_password() == "drowssap"


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    settings = Settings.load(graph_password_file=file)
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.read_graph_password()
    file.write_text("\n")
    with pytest.raises(SettingsError, match="empty"):
        settings.read_graph_password()
    file.write_text("drowssap\n")
    assert settings.read_graph_password() == "drowssap"
    assert Settings.load().read_graph_password() is None


def test_home_is_for_its_owner_only(home: Path) -> None:
    home.mkdir(mode=0o755)
    settings = Settings.load(home=home)
    assert settings.prepare_home() == home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    inside = (settings.keys_folder, settings.audit_file, settings.graph_folder)
    assert all(path.is_relative_to(home) for path in inside)
    assert len(set(inside)) == len(inside)


def test_jars_are_shared_between_homes(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert Settings.load(home=home).jar_cache == Settings.load().jar_cache == tmp_path / "cache/sluicegate/jars"


def test_the_address_of_the_log_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "address"
    settings = Settings.load(home=tmp_path, audit_store_file=file)
    for content in (None, "", "sqlite:///hunter2"):
        if content is not None:
            file.write_text(content)
        with pytest.raises(SettingsError) as caught:
            _ = settings.audit_log
        assert "hunter2" not in str(caught.value)
    file.write_text("postgresql://hub:hunter2@db/audit\n")
    assert settings.audit_log == "postgresql://hub:hunter2@db/audit"
    assert "hunter2" not in repr(settings)
    assert Settings.load(home=tmp_path).audit_log == tmp_path / "audit.db"


@pytest.mark.parametrize("name", ["sign_in_secret_file", "resident_secret_file"])
@pytest.mark.parametrize("content", [None, "", " \n", b"\xff"])
def test_a_hub_does_not_serve_without_a_secret_that_it_was_promised(
    name: str, content: str | bytes | None, tmp_path: Path
) -> None:
    file = tmp_path / "client-secret"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = Settings.load(home=tmp_path / "home", **{name: file})
    with pytest.raises(SettingsError, match=name):
        serve_until_stopped(settings, print)
    assert not (tmp_path / "home").exists()


RESIDENTS = {"resident_issuer": "https://id.example", "resident_client": "hub", "resident_claim": "resident_id"}


@pytest.mark.parametrize("name", sorted(RESIDENTS))
def test_the_sign_in_of_residents_is_set_whole_or_not_at_all(name: str) -> None:
    assert Settings.load(**RESIDENTS).resident_claim == "resident_id"
    with pytest.raises(SettingsError, match="resident_issuer, resident_client and resident_claim, or none"):
        Settings.load(**{each: text for each, text in RESIDENTS.items() if each != name})


@pytest.mark.parametrize("claim", ["resident id", "a\n", "字", "", "x" * 201])
def test_a_claim_is_a_plain_name(claim: str) -> None:
    with pytest.raises(SettingsError, match="resident_claim"):
        Settings.load(**{**RESIDENTS, "resident_claim": claim})
