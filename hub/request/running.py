"""What one running hub consists of: the parts that requests, pages and background tasks share.

A part belongs to one hub and lives as long as it does. Nothing is done here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from graphql import GraphQLSchema

from audit.log import AuditLog, Receipt
from audit.record import Digester, Record
from hub.buckets import Buckets
from hub.fair_share import FairShare
from hub.graph.catalogue_fit import CatalogueFit
from hub.graph.driver import Graph
from hub.graph.merged_grids import MergedGrids
from hub.home.addresses import addresses_of
from hub.home.following import Follower
from hub.home.seals import Seals
from hub.home.settings import Settings
from hub.processor import Processor
from hub.request import auth
from hub.request.bindings.sender_keys import SenderKeys
from hub.request.caps.daily_caps import DailyCaps
from hub.request.decision_cache import DecisionCache
from hub.request.floods import Floods
from hub.request.issuer.follower import ProviderFollower
from hub.request.issuer.revocations import RevocationFollower
from hub.request.policy_follower import PolicyFollower
from hub.request.prepared.documents import DocumentCache
from hub.request.prepared.prepare import Parts
from hub.request.prepared.round_trips import RoundTrips
from hub.request.rates.rates import Rates
from hub.telemetry import Telemetry
from hub.upkeep import Upkeep
from policies.model import PolicySet
from schema.catalogue import Catalogue


@dataclass(slots=True)
class Hub:
    """The parts of one running hub. `policy` is replaced as a whole; a request reads it once and keeps it."""

    settings: Settings
    catalogue: Catalogue
    schema: GraphQLSchema
    policy: PolicySet
    verifier: auth.Verifier
    seals: Seals = field(repr=False)
    digester: Digester = field(repr=False)
    graph: Graph
    log: AuditLog
    revocations: RevocationFollower
    telemetry: Telemetry
    decisions: DecisionCache = field(default_factory=DecisionCache, repr=False)
    caps: DailyCaps = field(default_factory=DailyCaps)
    merged_grids: MergedGrids = field(default_factory=MergedGrids)
    catalogue_fit: CatalogueFit = field(init=False, repr=False)
    policy_follower: PolicyFollower | None = None
    key_follower: Follower | ProviderFollower | None = None
    own_keys: Follower | None = None
    detector: str = ""
    """Version of the detector whose spans of free text are trusted; without one, every free text is redacted whole."""
    buckets: Buckets = field(default_factory=Buckets, repr=False)
    """What applications and persons have left; the workers of one hub share it."""
    rates: Rates = field(init=False, repr=False)
    now: Callable[[], dt.datetime] = field(init=False, repr=False)
    """The clock, in the time zone of the settings: its date is the day of grants and caps."""
    senders: SenderKeys = field(init=False, repr=False)
    round_trips: RoundTrips = field(init=False, repr=False)
    processor: Processor = field(init=False, repr=False)
    kept: DocumentCache | None = field(init=False, repr=False)
    """What is kept of documents; nothing if the settings say so."""
    floods: Floods = field(init=False, repr=False)
    upkeep: Upkeep = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.now = self.settings.now
        deadline, byte_cap = self.settings.graph_deadline, self.settings.result_byte_cap
        self.catalogue_fit = CatalogueFit(self.graph, self.catalogue.version, deadline)
        self.round_trips = RoundTrips(self.graph, FairShare(self.settings.graph_statements), deadline, byte_cap)
        self.processor = Processor(self.settings.graph_deadline)
        self.rates = Rates(self.settings, self.buckets)
        self.senders = SenderKeys(addresses_of(self.settings.public_url, self.settings.port), self.buckets)
        self.kept = None if self.settings.plain else DocumentCache()
        self.floods = Floods(self.append)
        self.upkeep = Upkeep(self.telemetry.registry)

    def key_warnings(self) -> tuple[str, ...]:
        """What is wrong with keys or the list of revoked tokens, for the operator."""
        followers = (self.key_follower, self.own_keys, self.revocations)
        return tuple(warning for each in followers if each is not None for warning in each.warnings)

    def read_again(self) -> None:
        """Read keys and policy again at their next look, within two seconds."""
        for follower in (self.key_follower, self.own_keys, self.policy_follower):
            if follower is not None:
                follower.read_again()

    @property
    def parts(self) -> Parts:
        """What preparing a request needs of this hub, as it is now."""
        return Parts(
            self.settings,
            self.catalogue,
            self.schema,
            self.seals.of_request(),
            self.decisions,
            self.merged_grids.successors,
            self.detector,
            self.kept,
        )

    async def append(self, record: Record) -> Receipt:
        """Write a record to the log, of the catalogue in force; AuditUnavailable if that is not possible."""
        return await self.log.append(replace(record, catalogue_version=self.catalogue.version))
