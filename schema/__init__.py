"""What the data is: entities, fields and edges, declared once, and everything that is derived from them.

Lives here: the vocabulary of declarations, the spine that every city shares (四标四实 and events), conditions and
their values, the GraphQL schema, and the strict reader of YAML files. It may import graphql-core and PyYAML, and no
package of ours. Begin reading with `catalogue.py`, then `people.py`; `CATALOGUE` below puts the spine together.
"""

from schema import events, housing, people, places
from schema.catalogue import Catalogue

CATALOGUE = Catalogue(
    (places.REGION, housing.BUILDING, housing.DWELLING, people.PERSON, events.EVENT),
    places.EDGES + housing.EDGES + people.EDGES + events.EDGES,
    events.CASE,
)
"""The spine: the entities that every city shares (四标四实 and events)."""
