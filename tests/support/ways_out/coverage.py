"""Which ways out are tried, and how. A way that is in none of these tables fails `test_lists.py`.

A new way is covered by a line here: of a route by its addresses, of a command by its arguments, of the rest by the test
that tries it. `Elsewhere` names another test file that tries it, `NOTHING` says why nothing that is kept leaves by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

QUERIES = "test_ways_out.py: each query of each purpose"
SUBSCRIPTIONS = "test_ways_out.py: deliveries"
PAGES = "test_ways_out.py: each address by each method"
FORMS = "test_ways_out.py: forms of an answer"


@dataclass(frozen=True)
class Elsewhere:
    """Another test file, from the root of the project, that searches what leaves by this way."""

    file: str


@dataclass(frozen=True)
class NOTHING:
    """Why nothing of the graph or of the log leaves by this way."""

    reason: str


@dataclass(frozen=True)
class Addresses:
    """The addresses that stand for a route: each is asked by each method, with and without a token."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """Arguments of a command after its name; `stdin` is typed. It must end well, so that there is something to search.

    `{out}` is a new path, `{app}`, `{purpose}` and `{document}` are those of an asker, `{index}` is that of a record,
    `{size}` that of the log's newest checkpoint.
    """

    arguments: tuple[tuple[str, ...], ...]
    account: str = ""
    stdin: str = ""


PROOF = "/audit/proof?index=0&leafHash={leaf}"
ROUTES: Mapping[str, Addresses | Elsewhere] = {
    "http /graphql": Addresses(("/graphql", "/graphql?query={{people{{edges{{node{{phone}}}}}}}}")),
    "websocket /graphql": Elsewhere("tests/attacks/ways_out/test_ways_out.py"),
    "http /access": Addresses(("/access", "/access?why=Person.phone", "/access?why=Event.text")),
    "http /healthz": Addresses(("/healthz",)),
    "http /readyz": Addresses(("/readyz",)),
    "http /metrics": Addresses(("/metrics",)),
    "http /proof": Addresses((f"/proof?challenge={'0' * 64}",)),
    "http /ingest/{source}": Elsewhere("tests/push/test_deliver.py"),
    "http /schema.graphql": Addresses(("/schema.graphql",)),
    "http /audit/checkpoint": Addresses(("/audit/checkpoint",)),
    "http /audit/tile/{path:path}": Addresses(
        ("/audit/tile/0/000", "/audit/tile/entries/000", "/audit/tile/0/000.p/1")
    ),
    "http /audit/proof": Addresses(
        ("/audit/proof?index=0", PROOF, f"{PROOF}&form=tlog-proof", f"{PROOF}&form=cose", "/audit/proof?from=1&to=2")
    ),
    # The pages of the console, each of which that test reads as every role.
    **{
        f"http /console{path}": Elsewhere("tests/attacks/console/test_ways_out.py")
        for path in (
            *("", "/", "/{path:path}", "/sign-in", "/signed-in", "/sign-out", "/sessions", "/sessions/end"),
            *("/sessions/end-all", "/matrix", "/matrix/cell", "/log", "/log/record", "/log/value", "/versions"),
            *("/person", "/person/find", "/unusual", "/balance", "/balance/table", "/log/export"),
            *("/review", "/review/marked", "/review/mark"),
            *("/sources", "/sources/source", "/sources/try", "/sources/retry", "/health", "/settings"),
            *("/preview", "/preview/prepare", "/preview/run", "/why", "/versions/replay", "/versions/replay/run"),
            *("/versions/conflict", "/versions/rollback", "/versions/rollback/draft"),
            *("/versions/schedule", "/versions/schedule/set"),
            *("/log/record/proof", "/log/live", "/log/saved", "/log/saved/keep", "/log/saved/remove"),
            *("/integrity", "/integrity/checkpoint.txt", "/integrity/key.txt", "/integrity/check"),
            *("/versions/version", "/versions/edit", "/versions/draft", "/versions/approve", "/versions/activate"),
            *("/developer/catalogue", "/developer/type", "/developer/query", "/developer/ask", "/developer/codes"),
            *("/developer/operations", "/developer/token"),
            *("/requests", "/requests/fields", "/requests/new", "/requests/one", "/requests/ask"),
            *("/requests/withdraw", "/requests/queue", "/requests/answer", "/requests/refuse", "/requests/draft"),
            *("/rules", "/rules/rule", "/rules/draft", "/rules/to-do"),
            *("/objections", "/objections/one", "/objections/answer"),
        )
    },
    **{
        f"http /console/my-data{path}": Elsewhere("tests/attacks/console/test_i_residents.py")
        for path in ("", "/sign-in", "/signed-in", "/sign-out")
    },
    **{
        f"http /console/my-data{path}": Elsewhere("tests/attacks/console/test_objections.py")
        for path in ("/object", "/object/send", "/withdraw")
    },
}
SCHEMA: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("query one", "query several", "query pages", "query counts", "query accessesOf", "query myAccess"),
            "query verify",
            *("argument id: ID", "argument ids: ID", "argument first: Int", "argument last: Int"),
            *("argument after: String", "argument before: String", "argument where: condition"),
            *("argument orderBy: order", "argument groupBy: enum", "argument since: Date", "argument until: Date"),
            *("argument asker: HypotheticalAsker", "argument id: String", "argument purpose: String"),
            *("argument of: RegionPath", "argument years: Int"),
            *("argument coordinate: String", "input HypotheticalAsker.role", "input HypotheticalAsker.level"),
            *("condition and", "condition or", "condition not", "condition key: comparison", "condition key: relation"),
            *("relation some", "relation none", "order direction"),
            *(
                f"comparison {name}"
                for name in ("eq", "in", "startsWith", "contains", "isNull", "lt", "lte", "gt", "gte")
            ),
        ),
        QUERIES,
    ),
    **dict.fromkeys(("subscription node", "subscription counts", "argument atLeast: Int"), SUBSCRIPTIONS),
}
MEDIA: Mapping[str, str] = {
    "application/json": FORMS,
    "application/graphql-response+json": FORMS,
    "text/event-stream": SUBSCRIPTIONS,
    **dict.fromkeys(("text/plain", "application/octet-stream", "application/cose"), PAGES),
    "application/x-www-form-urlencoded": "a form that is sent to the console; no answer has it",
}
OF_FILES = "it writes or reads files that its caller names, and opens neither graph nor log"
OF_KEYS = "it tells names and times of keys"
CHANGES = "it changes a policy and prints its number and hash"
COMMANDS: Mapping[str, Command | Elsewhere | NOTHING] = {
    "demo": NOTHING("it makes an invented county and shows that"),
    "serve": Elsewhere("tests/conformance/test_text_canaries.py"),
    "sample": NOTHING("it writes invented registers"),
    "purge": Elsewhere("tests/unit/hub/ingest/purging/test_purge.py"),
    "pull": Elsewhere("tests/faults/pulls/test_canaries_of_sources.py"),
    "token": NOTHING("it prints a token, which opens what its purpose may see"),
    "revoke": NOTHING("it prints one constant line"),
    "query": Command(
        (
            ("--app", "{app}", "--purpose", "{purpose}", "--json", "{document}"),
            ("--app", "{app}", "--purpose", "{purpose}", "{document}"),
            ("--app", "{app}", "--purpose", "{purpose}", "--explain", "{document}"),
        )
    ),
    "login": Elsewhere("tests/attacks/test_sign_in.py"),
    "logout": NOTHING("it prints one constant line"),
    "source refused": Command(((), ("--json",))),
    "source status": Command((("--sources", "{sources}"), ("--sources", "{sources}", "--json"))),
    "source retry": Elsewhere("tests/faults/pulls/test_canaries_of_sources.py"),
    "source try": Elsewhere("tests/faults/pulls/test_canaries_of_sources.py"),
    "source new": NOTHING(OF_FILES),
    "schema check": Command(((), ("--json",))),
    "schema print": Command(((),)),
    "schema diff": NOTHING("it compares declarations, with what the graph holds of each counted"),
    "schema apply": NOTHING("it changes indexes and prints their names"),
    "graph start": NOTHING("it prints an address"),
    "graph stop": NOTHING("it prints one constant line"),
    "graph status": NOTHING("it prints whether a graph runs, and its address"),
    "keys list": Command(((), ("--json",))),
    "keys rotate": NOTHING(OF_KEYS),
    "policy check": NOTHING(OF_FILES),
    "policy draft": NOTHING(CHANGES),
    "policy rollback": NOTHING(CHANGES),
    "policy approve": NOTHING(CHANGES),
    "policy activate": NOTHING(CHANGES),
    "policy history": Command(((), ("--json",)), "zhang"),
    "policy export": Command((("1", "--out", "{out}"),), "zhang"),
    "policy schema": NOTHING(OF_FILES),
    "policy vocabulary": NOTHING(OF_FILES),
    "policy explain": Command(
        (
            ("Person.phone", "--app", "{app}", "--purpose", "{purpose}", "--as", "zhang"),
            ("--remote", "{url}"),
            ("Event.text", "--remote", "{url}", "--json"),
        )
    ),
    "policy diff": Command((("current", "1", "--json"), ("current", "1")), "zhang"),
    "policy preview": Elsewhere("tests/attacks/ways_out/test_previews.py"),
    "policy replay": Command(
        (
            ("{policies}", "--since", "1d", "--steward", "zhang"),
            ("{policies}", "--since", "1d", "--steward", "zhang", "--json"),
        )
    ),
    "operations list": Command(((), ("--json",))),
    "operations check": NOTHING(OF_FILES),
    "operations add": NOTHING(OF_FILES),
    "audit tail": Command((("-n", "500"), ("-n", "500", "--json")), "wu"),
    "audit show": Command((("{index}",), ("{index}", "--json")), "wu"),
    "audit verify": Command(((), ("--json",))),
    "audit search": Command(
        (("-n", "500"), ("-n", "500", "--json"), ("value=-", "--json"), ("person=-",)), "wu", "{person}\n"
    ),
    "audit facets": Command(((), ("--json",)), "wu"),
    "audit export": Command((("{out}",), ("{out}", "--bom", "--json")), "wu"),
    "audit verify-export": NOTHING("it reads an export and prints what is wrong with it"),
    "audit key": Command(((),)),
    "audit checkpoint": Command(((),)),
    "audit prove": Command((("{index}",), ("{index}", "--form", "tlog-proof")), "wu"),
    "audit continuation": Command((("{size}",),)),
    "audit prepare": NOTHING("it makes tables and prints their names"),
    "audit accept-loss": NOTHING("it records a loss and prints its size"),
    "audit subject": Command((("--person", "--all"), ("--person", "--all", "--json")), "wu", "{person}\n"),
    "pii redetect": Elsewhere("tests/faults/test_redetect.py"),
    "pii scan": NOTHING(OF_FILES),
    "pii eval": NOTHING(OF_FILES),
}
WHERE = "cover it in tests/support/ways_out/coverage.py, in the table {table}, and see that a test there tries it"


def differences(table: str, covered: Mapping[str, object], found: set[str]) -> list[str]:
    """What is not covered, and what is covered and does not exist; empty where list and table agree."""
    new = [
        f"{each} is a way out that no test covers: {WHERE.format(table=table)}" for each in sorted(found - {*covered})
    ]
    return new + [f"{each} stands in {table}, but there is no such way" for each in sorted({*covered} - found)]
