"""The GraphQL field that says whether the values by which an asker names a person in full agree.

It tells one of three words and nothing else: no value, no field that disagrees, no id.
"""

from __future__ import annotations

from typing import Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
)

from schema.derived_names import AGREEMENT

AGREES: Final = "AGREES"
DISAGREES: Final = "DISAGREES"
CANNOT_SAY: Final = "CANNOT_SAY"

_WORDS: Final = {
    AGREES: "全部一致。One person has all of these values.",
    DISAGREES: "不一致。The person who is named so has not all of these values; which, is not told.",
    CANNOT_SAY: "无法判断。Nobody, or more than one, is named so here, or a value is not known; which, is not told.",
}
_AGREEMENT = GraphQLEnumType(
    AGREEMENT,
    {word: GraphQLEnumValue(word, description=text) for word, text in _WORDS.items()},
    description="核验结果。Whether the values of a person agree.",
)


def verify_field(whose: GraphQLInputObjectType) -> GraphQLField:
    """The root field that takes the values as a condition: `eq` for each, all that the grant lists."""
    text = "本人的完整信息，每项用 eq。The person, in full: `eq` with each value that the purpose may verify together."
    where = GraphQLArgument(GraphQLNonNull(whose), description=text)
    text = "核验所报信息是否一致，不显示任何信息。Whether the values of a person named in full agree; nothing is shown."
    return GraphQLField(_AGREEMENT, {"where": where}, description=text)
