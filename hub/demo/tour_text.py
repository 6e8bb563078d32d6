"""The part of the tour on free text: one hotline ticket, masked for two purposes, and hot words for a third.

The dispatcher and the person who calls back read the ticket without the names in it; the analyst may read no ticket,
and gets only words that ten people or more used.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from hub.demo.tour_client import TourAnswer, TourClient, expect
from hub.sample.known_people import COMPANION, PROTAGONIST, PROTAGONIST_TICKET
from policies.aggregate import MAX_WORDS

TICKET = "query Ticket($number: String!) { events(where: {number: {eq: $number}}) { edges { node { text } } } }"
HOT_WORDS = "{ all: eventsAggregate { count } words: eventsAggregate(groupBy: [WORD]) { word count } }"
FEW = 200
"""With fewer tickets than this, no word may be frequent enough to be shown."""
SHOWN = 12

_TICKET_TEXT = (
    "【姓名】反映【地址】楼道堆满杂物,电动车入户充电,与儿子【姓名】({son})多次劝说无果。"
    "来电人【姓名】,身份证【身份证号】,{caller}。"
)
DISPATCHED = _TICKET_TEXT.format(son="电话【电话】", caller="电话【电话】")
"""The resident's ticket under the mask `text`."""
CALLED_BACK = _TICKET_TEXT.format(
    son=f"电话【电话尾号{COMPANION.phone[-4:]}】", caller=f"电话【电话尾号{PROTAGONIST.phone[-4:]}】"
)
"""The same under `text(phone4)`: it shows which telephone it was to a person who has the number anyway."""
READERS = (("event.dispatch", "text", DISPATCHED), ("event.callback", "text(phone4)", CALLED_BACK))


def show_ticket_text(tour: TourClient) -> list[TourAnswer]:
    """Ask, show and check; returns the answers."""
    tour.console.rule("One hotline ticket, without the people named in it 工单文本脱敏")
    answers = []
    table = Table("purpose", "mask", show_lines=True)
    # Folded: otherwise a long text without a space is cut off.
    table.add_column("the ticket as it is read", overflow="fold")
    for purpose, mask, expected in READERS:
        answer = tour.ask("grid-desk", purpose, TICKET, {"number": PROTAGONIST_TICKET})
        texts = [edge["node"]["text"] for edge in answer.body["data"]["events"]["edges"]]
        table.add_row(purpose, mask, *texts)
        expect(texts == [expected], f"{purpose}: the ticket reads as the mask {mask} leaves it")
        answers.append(answer)
    tour.console.print(table)
    answer = tour.ask("hotline-insight", "voice.analyse", HOT_WORDS, {})
    _show_hot_words(tour.console, answer.body["data"])
    return [*answers, answer]


def _show_hot_words(console: Console, data: dict[str, Any]) -> None:
    words = [(each["word"], each["count"]) for each in data["words"]]
    tickets = data["all"][0]["count"]
    expect(bool(words) or tickets is None or tickets < FEW, "voice.analyse: some words are frequent")
    expect(
        all(count >= 10 for _, count in words) and len(words) <= MAX_WORDS,
        "voice.analyse: each word was used by ten people or more",
    )
    expect(words == sorted(words, key=lambda each: (-each[1], each[0])), "voice.analyse: the most frequent come first")
    named = PROTAGONIST.name + COMPANION.name
    expect(not [word for word, _ in words if word in named], "voice.analyse: nobody's name is a hot word")
    shown = "  ".join(f"{word} {count}" for word, count in words[:SHOWN]) or "none: no word was used by enough people"
    console.print(f"hot words of voice.analyse 热词 (tickets with the word): {shown}\n", highlight=False)
