"""The GraphQL fields of answers."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLNonNull,
    GraphQLScalarType,
)

from schema.classification import Scalar
from schema.declarations import Answer, Entity
from schema.derived_names import enum_type
from schema.interface import words


def answer_field(entity: Entity, answer: Answer, scalars: Mapping[Scalar, GraphQLScalarType]) -> GraphQLField:
    """The field of an answer: yes or no, or one of its values; its argument must be given."""
    text = words.of_member(answer)
    kind: GraphQLScalarType | GraphQLEnumType = GraphQLBoolean
    if answer.values:
        values = {
            each.value: GraphQLEnumValue(each.value, description=words.both(each.zh, each.en)) for each in answer.cases
        }
        kind = GraphQLEnumType(enum_type(entity, answer), values, description=text)
    argument = answer.argument
    if argument is None:
        return GraphQLField(kind, description=text)
    given = GraphQLArgument(GraphQLNonNull(scalars[argument.scalar]), description=words.of_member(argument))
    return GraphQLField(kind, {argument.name: given}, description=text)
