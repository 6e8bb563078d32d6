"""A query as a command and as code that sends it: the same headers and body, and a variable in the token's place."""

from __future__ import annotations

import json
import shlex
from typing import Final

import orjson

from hub.console.developer.asked import PATH, Asked

VARIABLE: Final = "TOKEN"
"""The variable that holds the token, here and in the documentation."""


def snippets_of(asked: Asked, hub: str) -> dict[str, str]:
    """By language; `hub` is the address of the hub. Raises VariablesUnread."""
    body = orjson.loads(asked.body)
    return {
        "curl": _curl(asked, hub, body),
        "Python": _python(asked, hub, body),
        "TypeScript": _typescript(asked, hub, body),
    }


def _curl(asked: Asked, hub: str, body: object) -> str:
    headers = [f"-H {shlex.quote(f'{name}: {text}')}" for name, text in asked.headers.items()]
    sent = f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    token = f'-H "Authorization: Bearer ${VARIABLE}"'
    return " \\\n  ".join([f"curl -s {shlex.quote(hub + PATH)}", token, *headers, sent])


def _python(asked: Asked, hub: str, body: object) -> str:
    headers = "".join(f"    {name!r}: {text!r},\n" for name, text in asked.headers.items())
    return (
        "import json\nimport os\nimport urllib.error\nimport urllib.request\n\n"
        f'headers = {{\n    "Authorization": f"Bearer {{os.environ[\'{VARIABLE}\']}}",\n{headers}}}\n'
        f"body = {body!r}\n"
        f"request = urllib.request.Request({hub + PATH!r}, json.dumps(body).encode(), headers)\n"
        "try:\n    response = urllib.request.urlopen(request)\n"
        "except urllib.error.HTTPError as refused:\n    response = refused\n"
        "answer = json.load(response)\n"
        'print(answer.get("data"), answer.get("errors"))'
    )


def _typescript(asked: Asked, hub: str, body: object) -> str:
    headers = "".join(f"    {_json(name)}: {_json(text)},\n" for name, text in asked.headers.items())
    return (
        f"const response = await fetch({_json(hub + PATH)}, {{\n"
        '  method: "POST",\n'
        f"  headers: {{\n    Authorization: `Bearer ${{process.env.{VARIABLE}}}`,\n{headers}  }},\n"
        f"  body: JSON.stringify({_json(body)}),\n"
        "});\n"
        "const { data, errors } = await response.json();\n"
        "console.log(JSON.stringify({ data, errors }, null, 2));"
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
