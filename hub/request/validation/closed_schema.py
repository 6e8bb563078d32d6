"""What a hub tells of its schema where introspection is off: nothing, so that nobody learns it by asking wrongly.

A document that does not fit the schema, and variables that do not fit it, are then refused with one text, without
places and without names. Introspection, `myAccess`, `GET /access` and `GET /schema.graphql` are refused. What remains
is that a document that fits is answered.
"""

from __future__ import annotations

from hub.errors import Code, HubError
from hub.home.settings import Settings
from hub.request.plan_model import Introspection, MyAccess, Planned

UNFIT = (
    "the document or its variables do not fit the schema, and introspection is off at this hub, so that it does not "
    "say where; check them against the schema that its operator gives out (`sluicegate schema print`)"
)


class SchemaFault(HubError):
    """What does not fit the schema in a document or in variables: text and places tell about the schema."""


def told(fault: SchemaFault, settings: Settings) -> HubError:
    """The fault as the hub tells it: as it is, or without anything of the schema."""
    return fault if settings.introspection == "on" else HubError(fault.code, UNFIT)


def refuse_introspection(planned: Planned, settings: Settings) -> None:
    """Raise INTROSPECTION_OFF for an operation that asks what there is, where that is not told."""
    if any(isinstance(root, Introspection | MyAccess) for root in planned.roots):
        check_open(settings)


def check_open(settings: Settings) -> None:
    """Raise INTROSPECTION_OFF where the hub does not tell what there is."""
    if settings.introspection != "on":
        raise HubError(
            Code.INTROSPECTION_OFF,
            "introspection is off at this hub; its operator gives out the schema (`sluicegate schema print`), and a "
            "steward says what you may see (`sluicegate policy explain`)",
        )
