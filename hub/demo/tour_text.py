"""One call to the hotline, told for two purposes and counted for a third: nobody who is named in it is told.

The part of the tour on free text: what a dispatcher reads of a ticket, what somebody who calls back reads of it, and
the hot words that an analyst gets, who may read no ticket at all.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from hub.demo.tour_client import Asked, TourClient, expect
from hub.sample.known_people import COMPANION, PROTAGONIST, PROTAGONIST_TICKET
from policies.aggregate import MAX_WORDS

TICKET = "query Ticket($number: String!) { events(where: {number: {eq: $number}}) { edges { node { text } } } }"
HOT_WORDS = "{ all: eventsAggregate { count } words: eventsAggregate(groupBy: [WORD]) { word count } }"
FEW = 200
"""In a county with fewer tickets no word need be common."""
SHOWN = 12

_SAID = (
    "【姓名】反映【地址】楼道堆满杂物,电动车入户充电,与儿子【姓名】({son})多次劝说无果。"
    "来电人【姓名】,身份证【身份证号】,{mother}。"
)
DISPATCHED = _SAID.format(son="电话【电话】", mother="电话【电话】")
"""The ticket of the tour's resident under the mask `text`."""
CALLED_BACK = _SAID.format(
    son=f"电话【电话尾号{COMPANION.phone[-4:]}】", mother=f"电话【电话尾号{PROTAGONIST.phone[-4:]}】"
)
"""The same under `text(phone4)`: which telephone it was, to somebody who has the number anyway."""
READERS = (("event.dispatch", "text", DISPATCHED), ("event.callback", "text(phone4)", CALLED_BACK))


def tell_text(tour: TourClient) -> list[Asked]:
    """Ask, show and assert; returns what was asked, for the log at the end of the tour."""
    tour.console.rule("One call, told without those who are named in it 一段来电")
    asked = []
    table = Table("purpose", "mask", show_lines=True)
    # Folded: a long text without a blank would be cut off instead of wrapped.
    table.add_column("what it reads of the ticket", overflow="fold")
    for purpose, mask, expected in READERS:
        answer = tour.ask("grid-desk", purpose, TICKET, {"number": PROTAGONIST_TICKET})
        texts = [edge["node"]["text"] for edge in answer.body["data"]["events"]["edges"]]
        table.add_row(purpose, mask, *texts)
        expect(texts == [expected], f"{purpose}: the ticket reads as the mask {mask} leaves it")
        asked.append(answer)
    tour.console.print(table)
    answer = tour.ask("hotline-insight", "voice.analyse", HOT_WORDS, {})
    _hot(tour.console, answer.body["data"])
    return [*asked, answer]


def _hot(console: Console, data: dict[str, Any]) -> None:
    words = [(each["word"], each["count"]) for each in data["words"]]
    tickets = data["all"][0]["count"]
    expect(bool(words) or tickets is None or tickets < FEW, "voice.analyse: some words are common")
    expect(all(count >= 10 for _, count in words) and len(words) <= MAX_WORDS, "voice.analyse: no word of few people")
    expect(words == sorted(words, key=lambda each: (-each[1], each[0])), "voice.analyse: the most frequent come first")
    named = PROTAGONIST.name + COMPANION.name
    expect(not [word for word, _ in words if word in named], "voice.analyse: nobody's name is a hot word")
    shown = "  ".join(f"{word} {count}" for word, count in words[:SHOWN]) or "none: too few people said the same"
    console.print(f"hot words of voice.analyse 热词 (tickets with the word): {shown}\n", highlight=False)
