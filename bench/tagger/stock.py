"""The stock of names and places from which the training prose is drawn, and the random source that carries it.

The same stock and seed give the same prose. Without corpora the stock is small.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stock:
    """`wide`: characters any name may use. `words`: ordinary words that could be a whole name (马路, 白天, 成果).

    `nouns`: two-character words that estates and streets are called after. `regions`: province, city, county, town,
    village of real places, so that addresses begin as addresses do.
    """

    wide: str = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她"
    words: tuple[str, ...] = ("马路", "白天", "高兴", "方便", "时间", "成果", "向阳", "夏天", "应该", "计划", "江河")
    nouns: tuple[str, ...] = ("幸福", "翡翠", "梧桐", "和平", "团结", "建设", "芙蓉", "香樟", "光明", "解放", "锦绣")
    regions: tuple[tuple[str, str, str, str, str], ...] = field(
        default=(("上海市", "上海市", "嘉定区", "华亭镇", "北新村"),)
    )


class Source(random.Random):
    """Chance with a seed, and a stock to draw from."""

    def __init__(self, seed: int, stock: Stock | None = None) -> None:
        super().__init__(seed)
        self.stock = stock or Stock()
