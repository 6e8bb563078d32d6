"""What the data is: entities, fields and edges, declared once, and everything that is derived from them.

Lives here: the vocabulary of declarations, the loader of slices, the spine that every city shares (四标四实 and events,
in `spine/`), conditions and their values, the GraphQL schema, and the strict reader of YAML files. It may import
graphql-core, pydantic and PyYAML, and no package of ours. Begin reading with `declarations.py`, then
`spine/people.yaml`.
"""

from schema.slices import compose, read_spine

SPINE = compose(read_spine()).catalogue
"""The spine: the entities that every city shares (四标四实 and events)."""
