"""Writes what was measured: a table of ratios, JSON, one self-contained page with plots, and a line of the history."""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HISTORY = Path(__file__).parent / "history.jsonl"
COLOURS = {"hub": "#0b6e4f", "neo4j-graphql": "#8a4fbf", "driver": "#2f6fb0", "resolvers": "#c0672b"}
Figures = Sequence[Mapping[str, Any]]


def write_report(out: Path, conditions: Mapping[str, Any], medians: Figures, runs: Figures, note: bool) -> None:
    """Print the table; write `peers.json` and `peers.html` into the folder, and the history if asked to."""
    out.mkdir(parents=True, exist_ok=True)
    noted = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "conditions": conditions, "medians": medians}
    (out / "peers.json").write_text(json.dumps({**noted, "runs": runs}, indent=1), encoding="utf-8")
    if note:
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(noted) + "\n")
    past = [json.loads(line) for line in HISTORY.read_text("utf-8").splitlines()] if HISTORY.exists() else []
    (out / "peers.html").write_text(page(conditions, medians, past), encoding="utf-8")
    print(f"\n{', '.join(f'{name}: {value}' for name, value in conditions.items())}")
    for line in table(medians):
        print("  ".join(f"{cell:>14}" for cell in line))
    print(f"written: {out / 'peers.json'}, {out / 'peers.html'}")


def table(medians: Figures) -> list[list[str]]:
    """For each question and number of connections: each peer's requests a second, and the hub's ratio to each."""
    others = [name for name in COLOURS if name != "hub"]
    lines = [["question", "connections", "hub", *(cell for name in others for cell in (name, "hub is"))]]
    for (question, connections), found in _by_question(medians).items():
        line = [question, str(connections), f"{found['hub']['rate']:.0f}/s"]
        for name in others:
            line += [f"{found[name]['rate']:.0f}/s", f"{found['hub']['rate'] / max(found[name]['rate'], 1e-9):.2f}×"]
        lines.append(line)
    return lines


def _by_question(medians: Figures) -> dict[tuple[str, int], dict[str, Mapping[str, Any]]]:
    found: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = {}
    for each in medians:
        found.setdefault((each["question"], each["connections"]), {})[each["peer"]] = each
    return found


def page(conditions: Mapping[str, Any], medians: Figures, past: Sequence[Mapping[str, Any]]) -> str:
    """The page: the conditions, the plots, every median, and how the ratios have changed."""
    told = "".join(
        f"<li>{html.escape(str(name))}: {html.escape(str(value))}</li>" for name, value in conditions.items()
    )
    rates = "".join(_bars(key, found, "rate", "requests/s") for key, found in _by_question(medians).items())
    slow = "".join(_bars(key, found, "p99", "ms, 99 %") for key, found in _by_question(medians).items())
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>The hub and its peers</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2421}}
figure{{display:inline-block;margin:.5rem 1rem .5rem 0}}figcaption{{font-weight:600}}table{{border-collapse:collapse}}
td,th{{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}}text{{font:12px system-ui,sans-serif}}</style>
<h1>The hub and its peers</h1><ul>{told}</ul>
<h2>Requests a second</h2>{rates}<h2>Milliseconds that 99 of 100 answers take</h2>{slow}
<h2>Every median</h2>{_every(medians)}<h2>Over time</h2>{_past(past)}</html>"""


def _bars(key: tuple[str, int], found: Mapping[str, Mapping[str, Any]], figure: str, unit: str) -> str:
    most = max(each[figure] for each in found.values()) or 1
    bars = "".join(
        f'<rect x="110" y="{row * 22}" width="{200 * found[name][figure] / most:.1f}" height="16" fill="{colour}"/>'
        f'<text x="0" y="{row * 22 + 13}">{name}</text>'
        f'<text x="{115 + 200 * found[name][figure] / most:.1f}" y="{row * 22 + 13}">{found[name][figure]:,.0f}</text>'
        for row, (name, colour) in enumerate(COLOURS.items())
        if name in found
    )
    caption = f"{key[0]}, {key[1]} connections ({unit})"
    return f'<figure><figcaption>{caption}</figcaption><svg width="380" height="92" role="img">{bars}</svg></figure>'


def _every(medians: Figures) -> str:
    heads = {
        "question": "question", "connections": "connections", "peer": "peer", "rate": "requests/s", "p50": "p50 ms",
        "p99": "p99 ms", "failed": "failed", "processor": "processor s/1,000", "graph_processor": "Neo4j s/1,000",
        "memory": "MiB",
    }  # fmt: skip
    lines = [[_cell(each[name]) for name in heads] for each in medians]
    return _table([list(heads.values()), *lines])


def _past(past: Sequence[Mapping[str, Any]]) -> str:
    lines = [["measured", "commit", "people", "question", "connections", "hub", "of @neo4j/graphql", "of the driver"]]
    for each in past:
        told = [each["at"], str(each["conditions"]["commit"]), str(each["conditions"]["people"])]
        for key, found in _by_question(each["medians"]).items():
            rate = found["hub"]["rate"]
            ratios = [f"{rate / max(found[name]['rate'], 1e-9):.2f}×" for name in ("neo4j-graphql", "driver")]
            lines.append([*told, key[0], str(key[1]), f"{rate:.0f}/s", *ratios])
    return _table(lines) if past else "<p>Nothing is noted yet.</p>"


def _cell(value: Any) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    first = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in rest)
    return f"<table><tr>{first}</tr>{body}</table>"
