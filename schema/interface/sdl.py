"""Writes a GraphQL schema as a text in the schema definition language, in the language that its reader wants.

The same schema is the same text, whatever the order in which its types were declared. Source: GraphQL specification,
section 3, type system definition language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, cast

from graphql import GraphQLSchema, lexicographic_sort_schema, print_schema
from graphql.utilities.map_schema_config import ConfigMapperMap, SchemaElementKind, map_schema_config

from schema.interface.languages import in_language

DIGITS: Final = 12
"""How many digits of a text's digest tell it from others in a change log."""
_TOLD: Final = ("description", "deprecation_reason")
_KINDS: Final = tuple(kind for name, kind in vars(SchemaElementKind).items() if name.isupper())


def sdl_of(schema: GraphQLSchema, language: str | None = None) -> str:
    """The schema as a text that ends with a line break; descriptions are in both languages, or in `zh` or `en`."""
    config = map_schema_config(schema.to_kwargs(), lambda _: _mappers(language))
    return print_schema(lexicographic_sort_schema(GraphQLSchema(**config))) + "\n"


def sdl_digest(text: str) -> str:
    """The first digits of the SHA-256 of a schema's text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _mappers(language: str | None) -> ConfigMapperMap:
    def cut(config: Mapping[str, Any], *_: str | None) -> dict[str, Any]:
        texts = {name: config.get(name) for name in _TOLD}
        return {**config, **{name: in_language(language, text) for name, text in texts.items() if text}}

    return cast(ConfigMapperMap, dict.fromkeys(_KINDS, cut))
