"""What the data is: one declaration for each entity, from which everything else is derived."""

from schema import events, housing, people, places
from schema.catalogue import Catalogue

CATALOGUE = Catalogue(
    (places.REGION, housing.BUILDING, housing.DWELLING, people.PERSON, events.EVENT),
    places.EDGES + housing.EDGES + people.EDGES + events.EDGES,
    events.CASE,
)
"""The spine: the entities that every city shares (四标四实 and events)."""
