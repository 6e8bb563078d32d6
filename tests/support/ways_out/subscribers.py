"""Subscribers of each purpose, over each transport, to whom changes of every node are told.

Documents are made from the schema: each field of Subscription with everything of its type, its relations, and values
for its arguments.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLNonNull

from hub.graph.change_notes import note_changes
from hub.graph.driver import GraphWriter
from schema.catalogue import Entity
from tests.support.oracle.expected_answers import expected
from tests.support.small_graph import SEALS, sid
from tests.support.subscribing.client import SECONDS, Subscriber, subscriber
from tests.support.subscribing.stream import Stream, stream
from tests.support.ways_out.lists import is_count, is_node
from tests.support.ways_out.probes import Probes, written
from tests.support.ways_out.rules import Asker
from tests.support.ways_out.scene import Scene, agrees

QUIET_SECONDS = 3.0
"""Longer than the hub takes to tell a change: who has heard nothing for so long is told nothing more."""


class Events:
    """A stream of events, read as a connection of WebSocket is."""

    def __init__(self, opened: Stream) -> None:
        self._stream = opened

    def receive(self, seconds: float) -> dict[str, Any]:
        """The next message; raises TimeoutError. What ends the stream is an error."""
        if self._stream.refusal:
            return {"type": "error", "payload": self._stream.refusal}
        name, data = self._stream.receive(seconds)
        return {"type": "next", "payload": json.loads(data)} if name == "next" else {"type": "error", "payload": data}

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()


@dataclass
class Subscription:
    """One open operation and what it was told."""

    asker: Asker
    name: str
    selection: str
    of: GraphQLField
    connection: Subscriber | Events
    more: str
    """The argument that it was given besides those that it needs."""
    variables: Mapping[str, Any]
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def delivered(self) -> list[dict[str, Any]]:
        """The answers."""
        return [each["payload"] for each in self.received if each["type"] == "next"]

    @property
    def refused(self) -> bool:
        """Whether the operation was not let in, or ended."""
        return any(each["type"] == "error" for each in self.received)

    def listen(self, count: int, seconds: float) -> None:
        """Take what comes: so many deliveries however long they take, then until nothing has come for so long."""
        while not self.refused:
            try:
                waits = SECONDS if len(self.delivered) < count else seconds
                self.received.append(self.connection.receive(waits))
            except TimeoutError:
                return


def subscribed(scene: Scene, askers: Sequence[Asker]) -> list[Subscription]:
    """These askers, with each document of each field of Subscription, over each transport."""
    schema = scene.served.hub.schema
    fields = schema.subscription_type.fields if schema.subscription_type else {}
    found = []
    for asker in askers:
        for name, each in fields.items():
            optional = [one for one, of in each.args.items() if not isinstance(of.type, GraphQLNonNull)]
            depths = (0, 1) if is_node(each.type) else (0,)
            found += [_opened(scene, asker, name, each, depth) for depth in depths]
            found += [_opened(scene, asker, name, each, 0, more) for more in optional]
            found.append(_opened(scene, asker, name, each, 0, over=_stream))
    return found


def _socket(scene: Scene, asker: Asker, body: dict[str, Any]) -> Subscriber:
    connection = subscriber(scene.served.port)
    connection.begin(scene.headers(asker)["Authorization"].removeprefix("Bearer "), asker.purpose)
    connection.subscribe("1", body["query"], variables=body["variables"])
    return connection


def _stream(scene: Scene, asker: Asker, body: dict[str, Any]) -> Events:
    return Events(stream(scene.served.port, scene.headers(asker), body))


def _opened(
    scene: Scene, asker: Asker, name: str, each: GraphQLField, depth: int, more: str = "", over: Any = _socket
) -> Subscription:
    """A subscription with all arguments that it needs, and one more if it is named."""
    probes = Probes(scene.served.hub.schema, scene.canaries, asker)
    given = {
        argument: (str(of.type), probes.argument(argument, of.type))
        for argument, of in each.args.items()
        if argument == more or isinstance(of.type, GraphQLNonNull)
    }
    declared = f"({', '.join(f'${argument}: {type_}' for argument, (type_, _) in given.items())})" if given else ""
    chosen = probes.select(each.type, depth)
    variables = {argument: value for argument, (_, value) in given.items()}
    document = f"subscription Probe{declared} {{ {name}{written(given)} {chosen} }}"
    connection = over(scene, asker, {"query": document, "variables": variables})
    return Subscription(asker, name, chosen, each, connection, more, variables)


def change_all(scene: Scene) -> None:
    """Note that every node of the types whose changes are told has changed."""
    catalogue, world = scene.canaries.catalogue, scene.canaries.world
    told = frozenset(each.name for each in catalogue if each.tells_changes)
    changed = {name: [sid(node) for node, (label, _) in world.nodes.items() if label == name] for name in told}
    with GraphWriter(scene.address.url, scene.address.user, scene.address.password) as writer:
        writer.write(lambda transaction: note_changes(transaction, changed, told))


def listen_to_all(scene: Scene, subscriptions: list[Subscription]) -> None:
    """Take all that comes to each."""
    began = time.monotonic()
    for each in subscriptions:
        each.listen(len(visible_to(scene, each)), max(0.2, QUIET_SECONDS - (time.monotonic() - began)))
        each.connection.close()


def visible_to(scene: Scene, each: Subscription) -> list[str]:
    """The nodes whose changes a subscriber must be told; none where the field is not about nodes."""
    if each.of.args or not is_node(each.of.type):
        return []
    entity = Probes(scene.served.hub.schema, scene.canaries, each.asker).entity(each.of.type)
    return [name for name in each.asker.sight.names(entity) if each.asker.sight.visible(name)]


def faults(scene: Scene, each: Subscription) -> Iterator[str]:
    """What is wrong with what one subscriber was told: canaries, other nodes than they may see, other values."""
    asker, body = each.asker, json.dumps(each.received, ensure_ascii=False).encode()
    if leaked := scene.leaked(asker, body):
        yield f"{asker.label} is told {sorted(leaked)} by {each.name}"
    if is_count(each.of.type) and each.more != "where":
        yield from _wrong_counts(scene, each)
    if each.of.args or not is_node(each.of.type):
        return
    entity = Probes(scene.served.hub.schema, scene.canaries, asker).entity(each.of.type)
    nodes = [payload["data"][each.name] for payload in each.delivered if payload.get("data")]
    visible = visible_to(scene, each)
    if not each.refused and len(nodes) != len(visible):
        yield f"{asker.label} is told of {len(nodes)} nodes by {each.name}; they may see {len(visible)}"
    for node in nodes:
        if not _as_the_oracle(asker, each, entity, node):
            yield f"{asker.label} is told by {each.name} {json.dumps(node, ensure_ascii=False)}"


def _as_the_oracle(asker: Asker, each: Subscription, entity: Entity, node: dict[str, Any]) -> bool:
    """Whether a delivery is what a query by the id of its node is answered."""
    assert SEALS.is_id(node["id"])
    one = entity.name[0].lower() + entity.name[1:]
    wanted = expected(asker.sight, f"query ($id: ID!) {{ {one}(id: $id) {each.selection} }}", {"id": node["id"]})
    return agrees(wanted.data[one], node)


def _wrong_counts(scene: Scene, each: Subscription) -> Iterator[str]:
    """The rows of an alert that the aggregate of the same purpose would not show."""
    entity = Probes(scene.served.hub.schema, scene.canaries, each.asker).entity(each.of.type)
    keys = each.variables.get("groupBy", [])
    grouped = f"(groupBy: [{', '.join(keys)}])" if keys else ""
    wanted = expected(each.asker.sight, f"{{ r0: {entity.plural}Aggregate{grouped} {each.selection} }}", {})
    shown = [_without_cursor(row) for row in wanted.data["r0"] or ()]
    for payload in each.delivered:
        for row in (payload.get("data") or {}).get(each.name) or ():
            if _without_cursor(row) not in shown:
                yield f"{each.asker.label} is told by {each.name} {json.dumps(row, ensure_ascii=False)}"


def _without_cursor(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "cursor"}
