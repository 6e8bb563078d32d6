"""The lines that tell why a query was refused: code, place in the answer or the text, and message.

No value of a variable is repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, parse

from hub.errors import Code, HubError

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,39}")
Place = tuple[int, int]


def error_lines(errors: Iterable[Mapping[str, Any]], document: str, variables: Mapping[str, Any]) -> list[str]:
    """A line for each error of an answer, and one for each thing more that there is to say about it."""
    found = list(errors)
    is_wrong = any(each["extensions"]["code"] == Code.VALIDATION for each in found)
    lines: list[str] = []
    for each in found:
        code, places = each["extensions"]["code"], _places(each)
        lines.append(f"{code}{_where(each, places)}: {each['message']}")
        if access := each["extensions"].get("access"):
            lines.append(f"  {json.dumps(access, ensure_ascii=False)}")
    return lines + (_unknown_variables(document, variables) if is_wrong else [])


def hidden_lines(access: Mapping[str, Any]) -> list[str]:
    """A line for each thing that an answer says it hides (`extensions.access`), and one for how to ask for it."""
    lines: list[str] = []
    for each in access.get("denied", ()):
        lines += [f"FIELD_DENIED {_path(path)}: {each['reason']}" for path in each["paths"]]
        how = {name: member for name, member in each.items() if name not in {"paths", "reason"}}
        lines.append(f"  {json.dumps(how, ensure_ascii=False)}")
    lines += [f"SUPPRESSED {_path(each['path'])}: {each['reason']}" for each in access.get("suppressed", ())]
    # A page of a root field is as long as it was asked for; a list inside it may end unnoticed.
    nested = [each for each in access.get("cut", ()) if not each["coordinate"].startswith("Query.")]
    lines += [f"{_path(each['path'])}: {each['shown']} of {each['total']} are shown" for each in nested]
    if wanting := access.get("needsCase"):
        lines.append(f"with a case there would be more of {', '.join(wanting)}: name one with --case")
    return lines


def _path(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path))


def refusal_errors(refused: HubError) -> list[dict[str, Any]]:
    """The errors of a refusal as an answer of a hub has them."""
    return [
        {
            "message": each.public_message,
            "path": list(each.path),
            "locations": [{"line": line, "column": column} for line, column in each.locations],
            "extensions": {"code": str(each.code), "access": each.access and dict(each.access)},
        }
        for each in (refused, *refused.also)
    ]


def _places(error: Mapping[str, Any]) -> list[Place]:
    return [(each["line"], each["column"]) for each in error.get("locations") or ()]


def _where(error: Mapping[str, Any], places: list[Place]) -> str:
    """Where an error stands: the path in the answer, and the first place in the text of the query."""
    path = _path(error.get("path") or ())
    at = f"at line {places[0][0]}, column {places[0][1]}" if places else ""
    return "".join(f" {each}" for each in (path, at) if each)


def _unknown_variables(document: str, variables: Mapping[str, Any]) -> list[str]:
    """The names that `--variables` gives and no operation of the document defines."""
    parsed = _parsed(document)
    if parsed is None:
        return []
    operations = _operations(parsed)
    defined = {each.variable.name.value for one in operations for each in one.variable_definitions or ()}
    lines = []
    for name in variables.keys() - defined if operations else ():
        guess = "".join(f"; did you mean {near!r}?" for near in get_close_matches(name, defined, 1, 0.5))
        shown = repr(name) if _NAME.fullmatch(name) else "what is no name of a variable"
        lines.append(f"  --variables gives {shown}, which the query does not define{guess}")
    return sorted(lines)


def _parsed(document: str) -> DocumentNode | None:
    try:
        return parse(document)
    except (GraphQLError, RecursionError):
        return None


def _operations(parsed: DocumentNode) -> list[OperationDefinitionNode]:
    return [each for each in parsed.definitions if isinstance(each, OperationDefinitionNode)]
