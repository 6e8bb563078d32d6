"""Invented people who stand only in the free texts of a sample county.

The forms are such as the detector finds; that a form is missed would be a matter of recall, which `pii eval` measures.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from policies.detect import MAX_CHARACTERS
from schema import SPINE
from tests.support.leak_search import Sought, escapes, forms

SOURCES = {"Event.text": "hotline/tickets.jsonl"}
"""Each free text that the county has, and the source that it comes from."""
OF_NO_SOURCE = {"Inspection.findings"}
"""Free texts of the catalogue that no source of the county brings."""
NAMES = {"逄砺彧": "砺彧", "漆雕望舒": "望舒", "仉睿旸": "睿旸", "穰檠嶷": "檠嶷", "买买提·吐尔逊江": "吐尔逊江"}
"""Names, and what no mask may leave of them: the given name."""
OTHERS = (
    *("缪某某", "逄師傅", "140321197703197737", "140321 19910327 7193", "140321770319773", "91140321MA0K7719XQ"),
    *("139 9032 7719", "１３９９０３２７７２０", "一三九九零三二七七二一", "0086-139-9032-7722", "139.9032.7723"),
    *("1 3 9 9 0 3 2 7 7 2 4", "0353-7719021", "晋C·7Q9Z1", "晋CD77193", "6222 0377 1903 2277 192", "E77190327"),
    *("wx_pangly77", "7791033561", "pangly77@example.cn", "晋(2021)平定县不动产权第0771903号", "771903277190"),
    *("140321001002077190", "锦屏巷77号院3号楼1单元904室", "17栋3单元1904"),
)
TEXTS = (
    "来电人逄砺彧反映楼上漏水，电话139 9032 7719，请回电。",
    "投诉人漆雕望舒称夜间噪音扰民，身份证140321197703197737，住砚山苑17栋3单元1904。",
    "网格员走访时，买买提·吐尔逊江反映占道经营，手机１３９９０３２７７２０。",
    "户主仉睿旸家中漏水，联系电话一三九九零三二七七二一，车牌晋C·7Q9Z1停在楼下。",
    "租客缪某某与邻居发生纠纷，微信号wx_pangly77，QQ 7791033561。",
    "姓名：逄砺彧，身份证号140321 19910327 7193，银行卡6222 0377 1903 2277 192。",
    "来电人漆雕望舒，车牌号晋CD77193，电动车入户充电，回电0086-139-9032-7722。",
    "报警人仉睿旸女士称护照E77190327丢失，邮箱pangly77@example.cn。",
    "业主逄砺彧的产权证晋(2021)平定县不动产权第0771903号，户号771903277190。",
    "房东漆雕望舒登记房屋编码140321001002077190，租客买买提·吐尔逊江，电话139.9032.7723。",
    "逄師傅和仉睿旸女士在砚山苑17栋3单元1904吵架，座机0353-7719021。",
    "举报人漆雕望舒，15位身份证140321770319773，统一社会信用代码91140321MA0K7719XQ。",
    "市民穰檠嶷说噪音扰民，家住锦屏巷77号院3号楼1单元904室，电话1 3 9 9 0 3 2 7 7 2 4。",
)
CLOSINGS = ("", "请核实。", "望尽快处理。", "已多次反映。", "楼道堆放杂物。", "无人管理😀。", "夜间施工噪音。")
TOO_LONG = TEXTS[0] + "漏水噪音" * (MAX_CHARACTERS // 4) + TEXTS[1]
"""No source may bring so much: it is refused, and the refusal must not tell of it."""
SOUGHT: Sought = {
    **{value: tuple(set(forms(value))) for value in (*NAMES, *OTHERS)},
    # So short that some of its forms would be met by chance.
    **{given: tuple({given.encode(), *escapes(given)}) for given in NAMES.values()},
}


def put_into(folder: Path, rng: random.Random, count: int) -> None:
    """Add `count` tickets about them to a county's sources, of callers and places that the county has."""
    assert set(SOURCES) | OF_NO_SOURCE == {
        name for name, each in SPINE.coordinates() if getattr(each, "text_properties", None)
    }
    path = folder / SOURCES["Event.text"]
    tickets = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    good = [each for each in tickets if each.get("gridCode") and each["kind"] != "未分类"]
    made = [_ticket(rng, rng.choice(good), number) for number in range(count)]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in made)


def _ticket(rng: random.Random, like: dict[str, Any], number: int) -> dict[str, Any]:
    content = TOO_LONG if number % 100 == 99 else TEXTS[number % len(TEXTS)] + rng.choice(CLOSINGS)
    return like | {"ticketNo": f"RX20260707{number:06}", "content": content, "closedAt": None, "status": "处置"}
