"""All settings of a hub, in one frozen class.

Each value is checked before anything runs, and an unknown `SLUICEGATE_` variable is an error: a misspelt limit must not
silently leave the default in force. Values come from the environment (`SLUICEGATE_…`) or from arguments; secrets come
from the environment or from a file, and appear in no repr and in no error text.
"""

import datetime as dt
import os
import pwd
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.home import zone
from hub.home.addresses import check_discovery
from hub.home.setting_faults import PREFIX, is_of_platform, named, unknown_setting
from schema import shapes

POSTGRES_SCHEME = "postgresql://"
JavaSize = Annotated[str, Field(pattern=shapes.JAVA_SIZE)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Units = Annotated[int, Field(ge=1, le=1_000_000_000)]
Burst = Annotated[int, Field(ge=100, le=1_000_000_000)]


OF_A_HOME = frozenset({"keys", "graph", "audit.db", "policy.db", "audit.head", "hub.lock", "demo.lock"})
"""A folder with one of these is a home."""
BEFORE_A_HOME = frozenset({"words.yaml", "slices", "county", "lost+found"})
"""What may lie in a folder that becomes a home."""


class SettingsError(ValueError):
    """The settings cannot be used; the text names settings, never their values."""


class Settings(BaseSettings):
    """All settings of one hub. Durations in seconds, sizes in bytes unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True, env_ignore_empty=True
    )

    home: Path = Path(".sluicegate")
    host: str = "127.0.0.1"
    port: Port = 8600
    time_zone: str = zone.DEFAULT
    workers: int = Field(default=1, ge=1, le=64)
    public_url: str | None = Field(default=None, pattern=shapes.ADDRESS_WITHOUT_USER)

    graph_url: str | None = Field(default=None, pattern=shapes.GRAPH_ADDRESS)
    graph_user: str = "neo4j"
    graph_password: SecretStr | None = None
    graph_password_file: Path | None = None
    graph_database: str = "neo4j"
    graph_port: Port | None = None
    graph_heap: JavaSize = "1g"
    graph_page_cache: JavaSize = "512m"
    graph_transaction_memory: JavaSize = "512m"
    graph_quick_start: bool = False
    graph_deadline: Seconds = 5.0
    graph_statements: int = Field(default=8, ge=1, le=1_000)
    jars: Path | None = None

    slices: Path | None = None
    policies: Path = Path("examples/county/policies")
    policy_store: SecretStr | None = None
    policy_key_file: Path | None = None
    policy_max_age: Seconds = 600.0
    issuer: str = Field(default="sluicegate-local", min_length=1)
    audience: str = Field(default="sluicegate", min_length=1)
    issuer_jwks: Path | None = None
    issuer_discovery: bool = False
    issuer_keys_max_age: float = Field(default=86_400.0, ge=600, le=604_800)
    sign_in_issuer: str | None = Field(default=None, pattern=shapes.ADDRESS_WITHOUT_USER)
    sign_in_client: str = Field(default="sluicegate", min_length=1)
    sign_in_secret_file: Path | None = None
    local_stewards: bool = False
    resident_issuer: str | None = Field(default=None, pattern=shapes.ADDRESS_WITHOUT_USER)
    resident_client: str | None = Field(default=None, min_length=1)
    resident_secret_file: Path | None = None
    resident_claim: str | None = Field(default=None, pattern=shapes.CLAIM)
    token: SecretStr | None = None
    token_file: Path | None = None
    words: Path | None = None
    sources: Path | None = None
    pull_lease: float = Field(default=60.0, ge=1, le=3600)
    purge: Literal["told", "automatic"] = "told"

    connections: int = Field(default=1_000, ge=10, le=100_000)
    connections_per_address: int = Field(default=100, ge=1, le=100_000)
    http_profile: Literal["common", "strict"] = "common"
    introspection: Literal["on", "off"] = "on"
    compress_answers: bool = True
    body_limit: int = Field(default=262_144, ge=1_024, le=16 * 1024 * 1024)
    result_node_cap: int = Field(default=10_000, ge=1)
    rate_of_application: Units = 200_000
    burst_of_application: Burst = 2_000_000
    rate_of_person: Units = 40_000
    burst_of_person: Burst = 400_000
    failed_matches: int = Field(default=20, ge=1)
    failed_matches_of_application: int = Field(default=1_000, ge=1)
    result_byte_cap: int = Field(default=8 * 1024 * 1024, ge=1_024)
    audit_deadline: Seconds = 2.0
    audit_store: SecretStr | None = None
    audit_store_file: Path | None = None
    audit_origin: str = Field(default="sluicegate.local/audit", pattern=shapes.LOG_ORIGIN, max_length=200)
    plain: bool = False
    otlp_endpoint: str | None = Field(default=None, pattern=shapes.ADDRESS_WITHOUT_USER)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_variables(cls, values: Any) -> Any:
        of_platform = sorted(name for name, value in os.environ.items() if is_of_platform(name, value))
        if of_platform:
            raise ValueError(
                f"{', '.join(of_platform)} were set by a container platform for a service of the name sluicegate, and "
                "are no settings; rename that service, or turn them off (Kubernetes: enableServiceLinks: false)"
            )
        known = {PREFIX + name.upper() for name in cls.model_fields}
        unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
        if unknown:
            raise ValueError("; ".join(unknown_setting(name, known) for name in unknown))
        return values

    @field_validator("*")
    @classmethod
    def _check_characters(cls, value: Any) -> Any:
        """Bytes that are no UTF-8 stand in a text as half characters, which no database takes."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        try:
            str(text.absolute() if isinstance(text, Path) else text).encode()
        except UnicodeEncodeError:
            place = "the path, from the root on," if isinstance(text, Path) else "the value"
            raise ValueError(f"{place} has bytes that are no UTF-8; write it in UTF-8") from None
        except FileNotFoundError:
            raise ValueError("this path begins in the working folder, which is gone; go to another folder") from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _check_time_zone(cls, name: str) -> str:
        return zone.zone_named(name).key

    @field_validator("policy_store")
    @classmethod
    def _check_policy_store(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("takes sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
        return url

    @field_validator("audit_store")
    @classmethod
    def _check_audit_store(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(POSTGRES_SCHEME):
            raise ValueError(
                f"takes {POSTGRES_SCHEME}USER:PASSWORD@HOST/DATABASE; without it the log is a file of the home"
            )
        return url

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.graph_password is not None and self.graph_password_file is not None:
            raise ValueError("give graph_password or graph_password_file, not both")
        if self.graph_url is not None and self.graph_password is None and self.graph_password_file is None:
            raise ValueError("graph_url needs graph_password or graph_password_file")
        if self.audit_store is not None and self.audit_store_file is not None:
            raise ValueError("give audit_store or audit_store_file, not both")
        of_residents = (self.resident_issuer, self.resident_client, self.resident_claim)
        if None in of_residents and any(each is not None for each in of_residents):
            raise ValueError("give resident_issuer, resident_client and resident_claim, or none of them")
        if self.issuer_discovery:
            check_discovery(self.issuer, self.issuer_jwks)
        return self

    @classmethod
    def load(cls, **arguments: Any) -> Self:
        """Read the environment; an argument takes precedence over its variable.

        Raises SettingsError with one line for each fault, so that a command can print it as it is.
        """
        try:
            return cls(**arguments)
        except ValidationError as error:
            lines = [
                named(".".join(str(part) for part in fault["loc"]), shapes.fault_in_words(fault), cls.model_fields)
                for fault in error.errors(include_input=False, include_url=False)
            ]
            raise SettingsError("\n".join(lines)) from None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the days in grants, caps, logs and searches."""
        return zone.zone_named(self.time_zone)

    def now(self) -> dt.datetime:
        """The present moment in `zone`; its date is the day of today."""
        return dt.datetime.now(self.zone)

    def read_graph_password(self) -> str | None:
        """The password for the graph server that `graph_url` names, from the setting or its file; None without either.

        Raises SettingsError if the file cannot be read or is empty.
        """
        if self.graph_password is not None:
            return self.graph_password.get_secret_value()
        return self.secret_in("graph_password_file")

    def secret_in(self, name: str) -> str | None:
        """The secret in the file that a setting names; None if it names none.

        Raises SettingsError if the file cannot be read or is empty.
        """
        path: Path | None = getattr(self, name)
        if path is None:
            return None
        try:
            secret = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"{name} cannot be read; it must name a text file in UTF-8") from None
        if not secret:
            raise SettingsError(f"{name} is empty; it must hold one line")
        return secret

    def prepare_home(self) -> Path:
        """Create the home folder, readable by its owner only, and return it as an absolute path.

        An existing folder is a home already, or is empty; raises SettingsError for any other, and changes nothing.
        """
        home = self.home.absolute()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_home(home)
        home.chmod(0o700)
        return home

    @property
    def keys_folder(self) -> Path:
        """The folder of this home's private keys (issuer, ids and cursors, digests, checkpoints)."""
        return self.home.absolute() / "keys"

    @property
    def audit_file(self) -> Path:
        """The audit log's database, unless `audit_store` names a server."""
        return self.home.absolute() / "audit.db"

    @property
    def audit_log(self) -> Path | str:
        """Where the audit log is: the server that `audit_store` or its file names (a secret), else `audit_file`.

        Raises SettingsError if the file cannot be read or names no server.
        """
        if self.audit_store is not None:
            return self.audit_store.get_secret_value()
        url = self.secret_in("audit_store_file")
        if url is None:
            return self.audit_file
        if not url.startswith(POSTGRES_SCHEME):
            raise SettingsError(f"audit_store_file must hold {POSTGRES_SCHEME}USER:PASSWORD@HOST/DATABASE")
        return url

    @property
    def audit_on_server(self) -> bool:
        """Whether the audit log is on a server, and not a file of the home."""
        return not isinstance(self.audit_log, Path)

    @property
    def audit_head(self) -> Path:
        """The recorded head: the newest checkpoint that this home saw, kept apart from the log."""
        return self.home.absolute() / "audit.head"

    @property
    def audit_key(self) -> Path:
        """The key that signs checkpoints; hubs that share a log share it."""
        return self.keys_folder / "audit.key"

    @property
    def digest_key(self) -> Path:
        """The key of the digests in the log; hubs that share a log share it."""
        return self.keys_folder / "digest.key"

    @property
    def graph_key(self) -> Path:
        """The key of this home's surrogates; with another key the nodes of the graph are not found again."""
        return self.keys_folder / "graph.key"

    @property
    def hub_key(self) -> Path:
        """The key by which the commands of this home know its hub."""
        return self.keys_folder / "hub.key"

    @property
    def session_file(self) -> Path:
        """Who is signed in at this home (`sluicegate login`)."""
        return self.home.absolute() / "session.json"

    @property
    def local_provider_file(self) -> Path:
        """Where the demo's OpenID provider listens, while it runs."""
        return self.home.absolute() / "sign-in.json"

    @property
    def word_list(self) -> Path | None:
        """The department's word list: the file that `words` names, else `words.yaml` of this home if it is there.

        All commands of one home must agree on it: it is part of the detector's version.
        """
        of_home = self.home.absolute() / "words.yaml"
        return self.words or (of_home if of_home.exists() else None)

    @property
    def slice_folder(self) -> Path | None:
        """The slices beside the spine: the folder that `slices` names, else `slices` of this home if it is there.

        All commands and hubs of one graph must agree on it.
        """
        of_home = self.home.absolute() / "slices"
        return self.slices or (of_home if of_home.exists() else None)

    @property
    def policy_folder(self) -> Path:
        """The folder that `policies` names; SettingsError where there is none."""
        if not self.policies.is_dir():
            raise SettingsError(
                f"{self.policies} is no folder here; name that of your policies in {PREFIX}POLICIES, or the home of "
                f"your hub in {PREFIX}HOME"
            )
        return self.policies

    @property
    def policy_file(self) -> Path:
        """The database of the policy version store, unless `policy_store` names another."""
        return self.home.absolute() / "policy.db"

    @property
    def policy_key(self) -> Path:
        """The key that seals the rows of the policy version store; hubs that share a store share it."""
        return self.policy_key_file or self.keys_folder / "policy.key"

    @property
    def kept_rows(self) -> Path:
        """The folder in which pulls keep what rows became."""
        return self.home.absolute() / "pulled"

    @property
    def purges(self) -> Path:
        """The folder of the reports of purges."""
        return self.home.absolute() / "purges"

    @property
    def recent_writes(self) -> Path:
        """What the last pull wrote in a cluster, for hubs that read from another server of it."""
        return self.home.absolute() / "graph.seen"

    @property
    def graph_folder(self) -> Path:
        """The folder of the managed local graph: store, password, state, logs."""
        return self.home.absolute() / "graph"

    @property
    def jar_cache(self) -> Path:
        """The folder of fetched jars, shared by all homes of one user."""
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return Path(base) / "sluicegate" / "jars"


def _check_home(home: Path) -> None:
    try:
        inside = {path.name for path in home.iterdir()}
        owner = home.stat().st_uid
    except NotADirectoryError:
        raise SettingsError(f"{home} is a file; name a folder with --home or SLUICEGATE_HOME") from None
    if not inside & OF_A_HOME and not inside <= BEFORE_A_HOME:
        raise SettingsError(
            f"{home} holds other things and is no home of a hub; name a new or empty folder with --home or "
            "SLUICEGATE_HOME"
        )
    if owner != os.geteuid():
        raise SettingsError(
            f"{home} belongs to {account_name(owner)}; run the command as that account, or name another home with "
            "--home or SLUICEGATE_HOME"
        )


def account_name(number: int) -> str:
    """The name of an account of this machine, or its number if it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"account {number}"
