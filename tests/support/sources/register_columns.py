"""Invented columns of registers, each with what is personal in it; the headers of half of them say nothing.

A kind is one of `connectors/drafts/personal_kinds.py`, None for a column in which nothing is personal. All people,
numbers and addresses are invented; the same seed gives the same cells.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stdnum import luhn
from stdnum.cn import uscc
from stdnum.cn.ric import calc_check_digit

ROWS = 400
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗祁葛覃冼"
GIVEN = (
    *"伟芳敏静丽强磊军洋勇艳杰娟涛明超霞平刚",
    *("慧兰", "建国", "秀英", "秀兰", "桂英", "子涵", "雨桐", "浩然", "欣怡"),
)
OTHERS = ("买买提·阿不都拉", "阿依古丽·吐尔逊", "卓玛", "次仁多吉", "努尔古丽·艾合买提", "巴特尔·哈斯")
STREETS = ("府新街", "学府街", "冠山路", "榆关大道", "南巷", "东街", "滨河路")
Make = Callable[[random.Random], Any]


@dataclass(frozen=True)
class Known:
    """A column, what is personal in it, and what makes it worth a row of the table."""

    header: str
    kind: str | None
    what: str
    cells: tuple[Any, ...]


def person(rng: random.Random) -> str:
    return f"{rng.choice(SURNAMES)}{rng.choice(GIVEN)}"


def resident_id(rng: random.Random) -> str:
    day = f"{rng.randrange(1940, 2015)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}"
    number = f"140321{day}{rng.randrange(1, 1000):03}"
    return f"{number}{calc_check_digit(number + '0')}"


def short_name(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice("伟芳敏静丽强磊军")


def hidden(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(("某某", "*", "**", "某"))


def titled(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(("先生", "女士", "师傅", "阿姨"))


def traditional(rng: random.Random) -> str:
    return rng.choice("陳張劉楊趙黃吳孫馬羅") + rng.choice(("大文", "志明", "美玲"))


def told(rng: random.Random) -> str:
    return f"联系{person(rng)}，白天可打 {mobile(rng)}，晚上不在家"


def wide_id(rng: random.Random) -> str:
    return resident_id(rng).translate({48 + n: 0xFF10 + n for n in range(10)})


def spaced_id(rng: random.Random) -> str:
    number = resident_id(rng)
    return f"{number[:6]} {number[6:14]} {number[14:]}"


def small_x(rng: random.Random) -> str:
    return next(number for _ in range(1_000) if (number := resident_id(rng).lower()).endswith("x"))


def wrong_id(rng: random.Random) -> str:
    number = resident_id(rng)
    return number[:17] + str((int(number[16]) + 3) % 10)


def old_id(rng: random.Random) -> str:
    return f"140321{rng.randrange(30, 99)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{rng.randrange(1, 1000):03}"


def mobile(rng: random.Random) -> str:
    return f"1{rng.choice('3578')}{rng.randrange(10)}{rng.randrange(10**8):08}"


def address(rng: random.Random) -> str:
    return f"平定县{rng.choice(STREETS)}{rng.randrange(1, 99)}号{rng.randrange(1, 9)}单元{rng.randrange(101, 902)}室"


def firm(rng: random.Random) -> str:
    trade = rng.choice(("商贸", "餐饮", "建材"))
    return f"{rng.choice(('晋阳', '府新', '冠山', '榆关', '泉城'))}第{rng.randrange(1, 99)}{trade}有限公司"


def shop(rng: random.Random) -> str:
    return rng.choice(("晋味", "老街", "冠山", "好邻居", "福满")) + rng.choice(
        ("面馆", "超市", "理发店", "药店", "饭庄")
    )


def credit(rng: random.Random) -> str:
    code = f"92140321MA{rng.randrange(10**7):07}"
    return code + uscc.calc_check_digit(code)


def card(rng: random.Random) -> str:
    number = f"622848{rng.randrange(10**12):012}"
    return number + luhn.calc_check_digit(number)


def day(rng: random.Random) -> str:
    return f"{rng.randrange(1950, 2024)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def some(share: float, one: Make, other: Make) -> Make:
    """`one` in so large a share of the cells, `other` in the rest."""
    return lambda rng: one(rng) if rng.random() < share else other(rng)


def one_of(*words: str) -> Make:
    return lambda rng: rng.choice(words)


def spaced(rng: random.Random) -> str:
    number = mobile(rng)
    return f"{number[:3]} {number[3:7]} {number[7:]}"


def landline(rng: random.Random) -> str:
    return rng.choice(("0353-{}", "(0353){}", "0353{}", "0353 {}")).format(rng.randrange(2_000_000, 8_999_999))


def sentence(rng: random.Random) -> str:
    return rng.choice(
        (
            "门口堆放杂物，已告知店主整改。",
            "租户反映水管漏水，物业未处理。",
            "已复查，问题消除。",
            "灭火器过期，限三日内更换。",
        )
    )


COLUMNS: tuple[tuple[str, str | None, str, Make], ...] = (
    ("姓名", "name", "names", person),
    ("列1", "name", "names without a header", person),
    ("法定代表人", "name", "names of those who answer for a firm", person),
    ("网格员", "name", "few names, each often", one_of("王秀英", "李建国", "张敏", "葛平")),
    ("列2", "name", "few names, without a header", one_of("王秀英", "李建国", "张敏", "葛平")),
    ("列3", "name", "one name in four cells", some(0.3, person, firm)),
    ("列4", "name", "names of two characters", short_name),
    ("列5", "name", "names with a blank within", lambda rng: f"{rng.choice(SURNAMES)} {rng.choice('伟芳敏静丽强')}"),
    ("列6", "name", "compound surnames", lambda rng: rng.choice(("欧阳", "司马", "上官")) + rng.choice(GIVEN)),
    ("列7", "name", "names of other peoples", one_of(*OTHERS)),
    ("列8", "name", "names that are hidden in part", hidden),
    ("列9", "name", "names with titles", titled),
    ("列10", "name", "two names in a cell", lambda rng: f"{person(rng)}、{person(rng)}"),
    ("列11", "name", "names with a remark", lambda rng: f"{person(rng)}（店长）"),
    ("列12", "name", "Latin names", one_of("Li Wei", "John Smith", "Maria Garcia Lopez", "Zhang Min")),
    ("owner_name", "name", "a header in English", person),
    ("紧急联系人", "name", "hardly any filled", some(0.1, person, lambda _: "")),
    ("列13", "name", "traditional characters", traditional),
    ("身份证号", "id", "id numbers", resident_id),
    ("列14", "id", "id numbers without a header", resident_id),
    ("列15", "id", "id numbers with a wrong check character", wrong_id),
    ("列16", "id", "id numbers of 15 digits", old_id),
    ("列17", "id", "id numbers with blanks", spaced_id),
    ("列18", "id", "a small x", small_x),
    ("列19", "id", "hidden in part", lambda rng: resident_id(rng)[:6] + "********" + resident_id(rng)[-4:]),
    ("列20", "id", "one in four cells", some(0.3, resident_id, lambda rng: f"PD{rng.randrange(10**6):06}")),
    ("证件号码", "id", "by its header", lambda rng: f"E{rng.randrange(10**8):08}"),
    ("编号一", "id", "as the number of a record", resident_id),
    ("列21", "id", "full-width digits", wide_id),
    ("联系电话", "phone", "mobiles", mobile),
    ("列22", "phone", "mobiles without a header", mobile),
    ("列23", "phone", "as numbers", lambda rng: int(mobile(rng))),
    ("列24", "phone", "as floating-point numbers", lambda rng: float(mobile(rng))),
    ("列25", "phone", "with blanks", spaced),
    ("列26", "phone", "from abroad", lambda rng: f"+86 {mobile(rng)}"),
    ("列27", "phone", "landlines", landline),
    ("列28", "phone", "two in a cell", lambda rng: f"{mobile(rng)}/{landline(rng)}"),
    ("列29", "phone", "hidden in part", lambda rng: mobile(rng)[:3] + "****" + mobile(rng)[-4:]),
    ("列30", "phone", "one in four cells", some(0.3, mobile, lambda rng: f"{rng.randrange(10**6):06}")),
    ("手机", "phone", "local numbers, by the header", lambda rng: str(rng.randrange(6_000_000, 6_999_999))),
    ("tel_no", "phone", "a header in English", lambda rng: str(rng.randrange(6_000_000, 6_999_999))),
    ("列31", "phone", "with an extension", lambda rng: f"{landline(rng)}转{rng.randrange(100, 999)}"),
    ("商铺编码", "phone", "telephones that serve as codes", mobile),
    ("列32", "text", "names and telephones in a cell", told),
    ("经营地址", "address", "addresses", address),
    ("列33", "address", "addresses without a header", address),
    ("门牌", "address", "numbers of houses", lambda rng: f"{rng.randrange(1, 20)}-{rng.randrange(1, 9)}"),
    ("列34", "address", "one in three cells", some(0.35, address, one_of("无", "不详"))),
    ("出生日期", "birth", "days of birth", day),
    ("birth_date", "birth", "a header in English", day),
    ("车牌号", "account", "plates", lambda rng: f"晋C{rng.randrange(10**5):05}"),
    ("列35", "account", "plates without a header", lambda rng: f"晋C{rng.randrange(10**5):05}"),
    ("列36", "account", "bank cards", card),
    ("列37", "account", "mail", lambda rng: f"u{rng.randrange(10**6)}@mail.example"),
    ("微信", "account", "messengers", lambda rng: f"wx_{rng.randrange(10**6)}"),
    ("民族", "sensitive", "ethnicity", one_of("汉族", "回族", "满族")),
    ("是否低保", "sensitive", "poverty", one_of("是", "否")),
    ("性别", "attribute", "sex", one_of("男", "女")),
    ("文化程度", "attribute", "education", one_of("高中", "初中", "小学", "大专")),
    ("备注", "text", "remarks", sentence),
    ("列38", "text", "sentences without a header", sentence),
    ("商铺编号", None, "codes", lambda rng: f"PD{rng.randrange(10**6):06}"),
    ("序号", None, "serial numbers", lambda rng: rng.randrange(1, 10_000)),
    ("列39", None, "numbers of orders", lambda rng: f"2026{rng.randrange(10**10):010}"),
    ("统一社会信用代码", None, "credit codes", credit),
    ("列40", None, "credit codes without a header", credit),
    ("网格编码", None, "grids", lambda rng: f"140321001001{rng.randrange(1, 20):03}"),
    ("列41", None, "grids without a header", lambda rng: f"140321001001{rng.randrange(1, 20):03}"),
    ("社区代码", None, "communities", lambda rng: f"140321001{rng.randrange(1, 9):03}"),
    ("店铺名称", None, "shops", shop),
    ("列42", None, "firms", firm),
    ("主管部门", None, "departments", one_of("市场监督管理局", "应急管理局", "公安局", "住建局")),
    ("社区", None, "names of communities", one_of("府新社区", "冠山社区", "和平社区", "胜利社区")),
    ("街道", None, "names of streets", one_of("榆关街道", "冠山镇", "张庄镇", "东回镇")),
    ("列43", None, "names of places", one_of("阳泉", "平定", "太原", "长治", "晋中")),
    ("楼栋", None, "buildings", lambda rng: f"{rng.randrange(1, 30)}号楼"),
    ("行业类别", None, "trades", one_of("餐饮", "零售", "批发", "服务")),
    ("经营状态", None, "states", one_of("在营", "停业", "注销")),
    ("风险等级", None, "levels", one_of("高", "中", "低")),
    ("结果", None, "results", one_of("合格", "不合格", "限期整改")),
    ("列44", None, "yes and no", one_of("是", "否")),
    ("列45", None, "days in general", one_of("正常", "严重", "一般", "轻微")),
    ("成立日期", None, "days", day),
    ("更新时间", None, "moments", lambda rng: f"{day(rng)} 10:00:00"),
    ("列46", None, "days without separators", lambda rng: day(rng).replace("-", "")),
    ("从业人数", None, "how many people", lambda rng: rng.randrange(1, 99)),
    ("负责人数量", None, "how many managers", lambda rng: rng.randrange(1, 9)),
    ("面积", None, "areas", lambda rng: round(rng.uniform(5, 300), 1)),
    ("金额", None, "amounts", lambda rng: f"{rng.uniform(1, 10**6):.2f}"),
    ("经度", None, "longitudes", lambda rng: round(rng.uniform(113.5, 113.9), 6)),
    ("建成年份", None, "years", lambda rng: rng.randrange(1970, 2024)),
    ("usage", None, "words in English", one_of("RENTED", "VACANT", "BUSINESS")),
    ("品牌", None, "brands that are called like people", one_of("王老吉", "张小泉", "李宁", "康师傅")),
    ("列48", None, "lanes that begin with a surname", one_of("王家巷", "李家庄", "张王路", "杨柳街")),
    ("列47", None, "goods", one_of("灭火器", "燃气灶", "电动车", "冰箱", "空调")),
)  # fmt: skip
"""Header, kind, what is in it, and how a cell is made."""


def known_columns(seed: int) -> Iterator[Known]:
    """Every column with its cells."""
    for header, kind, what, make in COLUMNS:
        rng = random.Random(f"{seed} {header}")
        yield Known(header, kind, what, tuple(make(rng) for _ in range(ROWS)))
