"""An address is personal from its first administrative part to its last unit; a street or an estate alone is not.

First the tail is found: what is as fine as a house number, building, unit, room or villagers' group, in all ways of
writing it (3栋2单元502室, 12弄5号601室, 6-2-901, 12#502, 四门五零二, 柳树组64号, 6楼东户). Then the head: what stands before it
back to the place where the address begins, told by words that lead to a place (位于, 住, 在), by pauses, and by the
dictionary's words. A tail that needs a head (`77号`, `四组`) and has none is a number, not an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import rjieba

from policies.text import forms
from policies.text.normal import Normal
from policies.text.people import HAN
from policies.text.spans import PiiKind, Span
from policies.text.words import Words

_CN = "一二三四五六七八九十百零〇两壹贰叁肆伍陆柒捌玖拾"
_N = rf"(?:[0-9]{{1,5}}|[{_CN}]{{1,5}})"
_BUILDING = (
    rf"(?:第?(?:{_N}|[A-Za-z][0-9]{{0,3}}|[东西南北中])\s?(?:号楼(?![下上道梯顶里内前后旁间层])|栋|幢|座(?!谈|位|机|椅|[0-9]{{3}}))"
    rf"|{_N}\s?#(?:楼|栋)?|[A-Za-z][0-9]{{0,2}}区(?=[0-9]))"
)
_UNIT = rf"(?:第?(?:{_N}|[A-Za-z])\s?(?:单元|门(?![口面卫店前外诊窗禁锁把市牌])))"
_FLOOR = rf"(?:第?{_N}\s?(?:楼(?![道梯房宇板顶盘下上])|层(?![楼高建民的次])))"
_ROOM = (
    rf"(?:(?:[A-Za-z]?[0-9]{{1,5}}|[{_CN}]{{2,4}})(?:[-—][0-9]{{1,3}})?\s?(?:室|号房|号铺|房(?![屋产租源东间管费])|户(?![口籍主外型])|号(?!楼[^下上道梯顶里内前后旁间层]|线))?)"
)
_SIDE = rf"(?:[东西南北中左右]{{1,2}}(?:边|侧)?[户室](?![外内口籍主])|{_N}户(?![口籍主]))"
_LANE = rf"(?:{_N}\s?(?:支?弄|巷|条))"
_NOT_DOOR = (
    r"(?!线|文|令|公告|通知|机|井|泵|窗|台(?!球)|床|柜|闸|桥|塔|池|出口|出入|入口|码头|阀|锅炉|地块|标|炉|变|杆|灯|仓|库房|坑|洞|航站|电梯|公交|"
    r"提案|决定|建议|案|判|民初|前|之前|以前|左右|开始|起|至|到[0-9]|晚|早|上午|下午|中午|凌晨|夜|当|那|这|发|缴|交|[0-9]|色|字|电池|"
    r"消防栓|消火栓|配电|墩|孔|隧|路段|车厢|站台|检票|摊位|水库|堤|坝|渠|楼[下上道梯顶里内前后旁间层]{2}|文件|[、,，]?[0-9]{1,2}号)"
)
_NUMBER = rf"(?:(?:[0-9]{{1,5}}(?:[-—/][0-9]{{1,4}})?|[{_CN}]{{1,4}}|[甲乙丙丁][0-9]{{1,3}})(?:之[一二三四五0-9])?\s?号(?:院|宅|附[0-9]{{1,4}}号?|-[0-9]{{1,4}})?{_NOT_DOOR})"
_GROUP = rf"(?:第?{_N}\s?(?:村民小组|村民组|小组|组(?![长员织合建成])|队(?![长员伍列])|社(?![区会保])|屯))"
_DASHED = r"(?:(?<![0-9A-Za-z.\-])[0-9]{1,3}[-—][0-9]{1,2}[-—][0-9]{2,4}(?![0-9\-—.年月日A-Za-z]))"
_PART = re.compile(
    rf"(?P<building>{_BUILDING})|(?P<unit>{_UNIT})|(?P<lane>{_LANE})|(?P<group>{_GROUP})|(?P<number>{_NUMBER})"
    rf"|(?P<floor>{_FLOOR})|(?P<side>{_SIDE})|(?P<dashed>{_DASHED})|(?P<room>{_ROOM})"
)
_GAP = re.compile(r"[ 、,\-—·/]?(?:内|附)?")
_BEGIN = re.compile(rf"[0-9{_CN}A-Za-z东西南北第甲乙丙丁][^,.;:。!?]{{0,6}}?[号栋幢座元门层楼弄巷条组队社屯室户房#\-—]")
_MEASURED = re.compile("[共有约近建拆余超达满每整各另逾增买卖售计少多]$|(?:新建|拆除|合计|总计)$")
_WITH_HEAD = frozenset({"number", "lane", "group", "building", "unit", "floor", "dashed"})

_ADMIN = "省市区县旗州镇乡村屯寨社道"
_ROAD = "路街道巷弄里坊胡同条段园苑府城湾庭居邸庄庐阁轩榭台岸郡都院楼厦场区村屯寨垸冲沟坪塘岭坡坝埠圩营店湖口桥关堡港洲渡塬峪圳垌浜泾浦埭集组社队期厂铺坊房馆厅局所校站峰山墅"
_RUN = re.compile(rf"[{HAN}A-Za-z0-9()·\- ]{{0,40}}$")
_LEADS = re.compile(
    "位于|住在|家住|现住|居住|暂住|租住|住址|地址|坐落|座落|位置|反映|投诉|举报|来到|前往|赶到|赶赴|到达|带入|进入|入户|走访|巡查|检查|"
    "排查|发现|寄到|寄至|寄往|送到|送至|送往|诉求|表示|关于|针对|经过|经营|登记|户籍|籍贯|门牌|承租|租赁|出租|购买|搬到|搬至|搬入|搬进|迁入|"
    "租客|房东|业主|住户|户主|居民|市民|群众|店主|店名|开在|设在|来自|回到|返回|迁至|迁到|落户|户口|老家|家庭|单位|送达|送货|派送|配送|"
    f"{'|'.join(forms.STRONG_TITLES)}|网格员|民警|主任|书记|"
    "在(?!地)|到|至(?!善|诚|德)|往|住(?!宅|建)|是(?!非)|的|为(?!民)|于(?![都洪家田]|桥)|由|从(?![化江台])|对|被|将(?!军)|把|与|说|称|"
    "找|去|寄|送|给|向(?![阳前荣东西南北明])|我|他|她|因|及|让|请|叫|其|该|[()]|(?<![0-9]) (?![0-9])"
)
_HEAD_END = re.compile(rf"[{_ROAD}]\s?$|[0-9{_CN}][期区段组队社号]\s?$")
_SUFFIX = re.compile(rf"[{_ADMIN}{_ROAD}]")
_ADDRESS_CUE = re.compile("(?:住|住址|地址|位于|住在|家住|现住|坐落|座落|位置|门牌|居住|暂住|租住)(?:于|在|是|为)?[:(]?$")
_VILLAGE = re.compile(rf"[{HAN}]{{1,6}}[村屯庄寨社区湾沟坪塘岭坡冲垸圩营堡集场组队坝]\s?$")


def find(normal: Normal, words: Words) -> Iterator[Span]:
    """Addresses in the plain text of `normal`; offsets are those of the plain text."""
    text = normal.text
    at = 0
    while begin := _BEGIN.search(text, at):
        kinds, end = _tail(text, begin.start())
        at = end if kinds else begin.start() + 1
        span = _address(text, begin.start(), end, kinds, words) if kinds else None
        if span is not None:
            yield span
        elif kinds:
            at = max(begin.start() + 1, end - 1)


def _tail(text: str, start: int) -> tuple[list[str], int]:
    """The kinds of the parts that follow one another from `start`, and where the last one ends."""
    kinds: list[str] = []
    at = end = start
    while part := _PART.match(text, at):
        kind = str(part.lastgroup)
        if kind == "room" and (not kinds or not _is_room(text, part)) and not _sure_room(part[0]):
            break
        kinds.append("sure" if kind == "room" and _sure_room(part[0]) else kind)
        end = part.end()
        gap = _GAP.match(text, end)
        at = gap.end() if gap else end
    return kinds, end


def _sure_room(part: str) -> bool:
    return part[-1] == "室" and len(part) > 3


def _is_room(text: str, part: re.Match[str]) -> bool:
    """A bare number behind a building or unit is a room, unless it measures something or goes on."""
    if part[0][-1] in "室房户铺号":
        return True
    after = text[part.end() : part.end() + 1]
    if after in tuple("元年月日人米度%个次斤吨瓦伏条名辆台套件分点时平㎡公万处楼层栋幢座单") or after.isdigit():
        return False
    return len(part[0]) >= 2 and text[part.start() - 1] != ","


def _address(text: str, start: int, end: int, kinds: list[str], words: Words) -> Span | None:
    head = _head(text, start, words)
    if head == start:
        if not _stands_alone(text, start, end, kinds):
            return None
        return Span(start, end, PiiKind.ADDRESS, 0.75, "unit without a street")
    first = kinds[0]
    if first == "group" and not _VILLAGE.search(text, head, start):
        return None
    if first in {"number", "lane", "floor", "side", "unit"} and not _is_place(text, head, start, words):
        if not _stands_alone(text, start, end, kinds) and not _ADDRESS_CUE.search(text, 0, head):
            return None
    if kinds == ["floor"] and not _HEAD_END.search(text[head:start]):
        return None
    if kinds == ["building"] and _MEASURED.search(text[head:start]):
        return None
    return Span(head, end, PiiKind.ADDRESS, 0.9, "address")


def _stands_alone(text: str, start: int, end: int, kinds: list[str]) -> bool:
    """True for a tail that says enough without a street: a building and a unit, a numbered building, 6-2-901."""
    if _MEASURED.search(text, max(0, start - 2), start):
        return False
    tail = text[start:end]
    if "dashed" in kinds or "sure" in kinds:
        return True
    if len(kinds) > 1 and not {"building", "unit"}.isdisjoint(kinds):
        return True
    if len(kinds) > 1 and kinds[0] in {"lane", "number", "floor"} and kinds[-1] in {"room", "side", "sure"}:
        return True
    return kinds == ["building"] and ("号楼" in tail) and tail[0] not in "A东西南北中"


def _is_place(text: str, head: int, start: int, words: Words) -> bool:
    before = text[head:start]
    return bool(_HEAD_END.search(before)) or any(found.end() == len(before) for found in words.places_pattern.finditer(before))


def _head(text: str, start: int, words: Words) -> int:
    """Where the address begins whose tail begins at `start`; `start` itself if nothing of a place stands before it."""
    run = _RUN.search(text, max(0, start - 40), start)
    head = run.start() if run else start
    for found in words.places_pattern.finditer(text, head, start):
        if found.end() == start:
            return min(found.start(), _trimmed(text, _led(text, head, found.start()), start))
    head = _led(text, head, start)
    return _trimmed(text, head, start)


def _led(text: str, head: int, start: int) -> int:
    """Behind the last word that leads to a place."""
    for found in _LEADS.finditer(text, head, start):
        head = found.end()
    while head < start and text[head] in " -·、":
        head += 1
    return head


def _trimmed(text: str, head: int, start: int) -> int:
    """Without the words of the sentence before the first part of the address."""
    if head >= start:
        return start
    tokens = rjieba.tokenize(text[head:start], "default", True)
    first = next((place for place, (_, _, end) in enumerate(tokens) if _SUFFIX.match(text[head + end - 1])), None)
    if first is None:
        return head if start - head <= 6 else head + tokens[-2 if len(tokens) > 1 else -1][1]
    limit = tokens[first][2]
    if limit <= 6:
        return head
    while first > 0 and limit - tokens[first][1] < 2:
        first -= 1
    while first > 0 and limit - tokens[first - 1][1] <= 4 and len(tokens[first - 1][0]) == 1:
        first -= 1
    return head + int(tokens[first][1])
