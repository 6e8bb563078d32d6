"""Rules for addresses, from the first administrative part to the last unit.

A street or an estate alone is not personal. First the tail is found: what is as exact as a house number, building,
unit, room or villagers' group, in all ways of writing it (3栋2单元502室, 12弄5号601室, 6-2-901, 12#502, 四门五零二,
柳树组64号). Then the head: what stands before the tail, back to where the address begins, which is told by words that
lead to a place (位于, 住, 在), by pauses, and by the dictionary's words. A tail that needs a head (`77号`, `四组`) and
has none is a number, not an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

import rjieba

from policies.text import forms
from policies.text.forms import HAN
from policies.text.plain_text import PlainText
from policies.text.spans import PiiKind, Span
from policies.text.word_list import Words

_CN = "一二三四五六七八九十百零〇两壹贰叁肆伍陆柒捌玖拾"
_N = rf"(?:[0-9]{{1,5}}|[{_CN}]{{1,5}})"
_STAIRS = "下上道梯顶里内前后旁间层"
"""`3号楼下` is beneath number 3, not building 3."""
_BUILDING = (
    rf"(?:第?(?:{_N}|[A-Za-z][0-9]{{0,3}}|[东西南北中])\s?(?:号楼(?![{_STAIRS}])|栋|幢|座(?!谈|位|机|椅))"
    rf"|(?<![0-9]){_N}#(?:楼|栋)?(?![ -]?[A-Za-z@])|[A-Za-z][0-9]{{0,2}}区(?=[0-9]))"
)
_UNIT = (
    rf"(?:第?(?:{_N}|[A-Za-z])\s?(?:单元|单(?=\s?[0-9{_CN}])|门洞|梯(?=[0-9A-Z{_CN}东西中])"
    r"|门(?![口面卫店前外诊窗禁锁把市牌])))"
)
_FLOOR = rf"(?:第?{_N}\s?(?:楼(?![道梯房宇板顶盘下上])|层(?![楼高建民的次])))"
_ROOM = (
    rf"(?:(?:[A-Za-z]?[0-9]{{1,5}}|[{_CN}]{{2,4}})(?:[-–—][0-9]{{1,3}})?\s?"
    rf"(?:室|房间|号房|号铺|房(?![屋产租源东间管费])|户(?![口籍主外型])|号(?!楼[^{_STAIRS}]|线))?)"
)
_SIDE = rf"(?:[东西南北中左右前后]{{1,2}}(?:边|侧)?[户室](?![外内口籍主])|{_N}户(?![口籍主]))"
_LANE = rf"(?:{_N}\s?(?:支?弄|巷|排))"
_NOT_DOOR = rf"(?!{forms.any_of(forms.words('not a door'))}|台(?!球)|到[0-9]|楼[{_STAIRS}]{{2}}|[、,]?[0-9]{{1,2}}号)"
_NUMBER = (
    rf"(?:(?:[0-9]{{1,5}}(?:[-–—/][0-9]{{1,4}})?|[{_CN}]{{1,4}}|[甲乙丙丁A-Z][0-9]{{1,3}}(?:-[0-9]{{1,2}})?)(?:之[一二三四五0-9])?\s?号"
    r"(?:院(?![内里子外坝])|[前后东西南北]楼|[前后]院|宅(?!基)|之[一二三四0-9]|[甲乙丙丁]|附[0-9]{1,4}号?|-[0-9]{1,4})?"
    rf"{_NOT_DOOR})"
)
_GROUP = rf"(?:第?{_N}\s?(?:村民小组|村民组|生产队|小组|组(?![长员织合建成])|队(?![长员伍列])|社(?![区会保])|屯))"
_DASHED = (
    rf"(?:(?<![0-9A-Za-z.\-/])(?:[0-9]{{1,3}}|[A-Z][0-9]{{1,2}}|[{_CN}]{{1,3}})"
    r"(?:(?:[-–—][0-9]{1,2}[-–—]|/[0-9]{1,2}/)[0-9]{1,4}|[-–—/][0-9]{3,4})(?![0-9\-–—/.年月日A-Za-z])[室号]?)"
)
_ROOM_IN_DASHES = re.compile(r"[-–—/][0-9]{1,2}[-–—/][0-9]{3,4}[室号]?$")
_PART = re.compile(
    rf"(?=[0-9{_CN}A-Za-z东西南北中左右前后第甲乙丙丁])(?P<building>{_BUILDING})|(?P<unit>{_UNIT})|(?P<lane>{_LANE})|(?P<group>{_GROUP})|(?P<number>{_NUMBER})"
    rf"|(?P<floor>{_FLOOR})|(?P<side>{_SIDE})|(?P<dashed>{_DASHED})|(?P<room>{_ROOM})"
)
_GAP = re.compile(r"(?: ?[\-–—·/|] ?| )?(?:内|附)?")
_BEGIN = re.compile(
    rf"[0-9{_CN}A-Za-z东西南北第甲乙丙丁][^,.;:。!?]{{0,6}}?[号栋幢座元门层楼弄巷条组队社屯室户房#/\-–—]"
)
_NAMED = re.compile(rf"[{HAN}]{{2,10}}?(?=[0-9A-Za-z{_CN}第])")
_BUILT = re.compile("|".join(forms.words("buildings")))
_MEASURED = re.compile("[共有约近建拆余超达满每整各另逾增买卖售计少多]$|(?:新建|拆除|合计|总计)$")
_AFTER_NUMBER = frozenset("元年月日人米度%个次斤吨瓦伏条名辆台套件分点时平㎡公万处楼层栋幢座单")

_ROAD = forms.characters("roads and estates")
_REACH = 40
"""Characters before a tail in which the address may begin."""
_BREAK = re.compile(rf"(?s:.*)(?!\n\Z)[^{HAN}A-Za-z0-9()·\- ]")
"""To the last sign that is no part of an address; a line's end right before the tail may be."""
_LEADS = re.compile(
    f"{forms.any_of(forms.words('leads'))}|系(?![列统])|(?<![解开摆])放|(?<!自)由|(?<!回)归|在(?!地)|至(?!善|诚|德)|住(?!宅|建)|是(?!非)|为(?!民)"
    "|于(?![都洪家田]|桥)|从(?![化江台])|将(?!军)|向(?![阳前荣东西南北明])|[()]|(?<![0-9]) (?![0-9])"
)
_HEAD_END = re.compile(
    rf"[{_ROAD}]\s?$|(?:村[东西南北]|[东西南北]头|[老新上下]屋|[对旁])面?$|[0-9{_CN}][期区段组队社号]\s?$"
)
_SUFFIX = re.compile(f"[{forms.characters('administrative')}{_ROAD}]")
_KIND_WORDS = frozenset(forms.words("kinds of roads"))
_ADDRESS_CUE = re.compile(
    "(?:住|住址|地址|位于|住在|家住|现住|坐落|座落|位置|门牌|居住|暂住|租住)(?:于|在|是|为)?[:(]?$"
)
_CODED = re.compile(r"(?:[件货款证验识条]码|[件货款型批单案]号|[原现特售单]价)[为是:]?\s?$")
_VILLAGE = re.compile(rf"[{HAN}]{{1,6}}[村屯庄寨社区湾沟坪塘岭坡冲垸圩营堡集场组队坝]\s?$")


def find(normal: PlainText, words: Words) -> Iterator[Span]:
    """Addresses in the plain text of `normal`; offsets are those of the plain text."""
    text = normal.text
    at = 0
    while begin := _BEGIN.search(text, at):
        start = begin.start()
        kinds, end = _tail(text, start)
        at = end if kinds else start + 1
        span = _address(text, start, end, kinds, words) if kinds else None
        if span is not None:
            at = _further(text, end)
            yield Span(span.start, at, span.kind, span.score, span.reason)
        elif kinds:
            at = max(start + 1, end - 1)


def _further(text: str, end: int) -> int:
    """Where the address really ends: behind a house number may come a named building and its units."""
    named = _NAMED.match(text, end)
    if named is None or _LEADS.search(text, end, named.end()):
        return end
    kinds, last = _tail(text, named.end())
    if kinds and kinds[0] in {"building", "unit", "floor", "side", "sure", "dashed"}:
        return last
    room = _PART.match(text, named.end())
    whole = room and room.lastgroup == "room" and (_is_room(text, room) and len(room[0]) > 2)
    return room.end() if room and whole and _BUILT.search(named[0]) else end


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
    if part[0][-1] in "室房户铺号间":
        return True
    after = text[part.end() : part.end() + 1]
    if after in _AFTER_NUMBER or after.isdigit():
        return False
    return len(part[0]) >= 2 and text[part.start() - 1] != ","


def _address(text: str, start: int, end: int, kinds: list[str], words: Words) -> Span | None:
    if is_coded(text, start):
        return None
    head = _head(text, start, words)
    if head == start:
        cued = kinds[0] in {"building", "dashed", "number", "lane"} and _ADDRESS_CUE.search(text, 0, start)
        if not cued and not _stands_alone(text, start, end, kinds):
            return None
        return Span(start, end, PiiKind.ADDRESS, 0.75, "unit without a street")
    before = text[head:start]
    if kinds[0] == "group" and not _VILLAGE.search(before):
        return None
    if kinds[0] in {"number", "lane", "floor", "side", "unit"} and not _is_place(before, words):
        cued = _ADDRESS_CUE.search(text, 0, head)
        if not cued and not _stands_alone(text, start, end, kinds):
            return None
    alone = kinds == ["dashed"] and not _is_place(before, words) and not _stands_alone(text, start, end, kinds)
    if alone or kinds == ["floor"]:
        return None
    if kinds == ["building"] and (
        _MEASURED.search(before) or text[start] == "两" or (text[start] in _CN and not _is_place(before, words))
    ):
        return None
    return Span(head, end, PiiKind.ADDRESS, 0.9, "address")


def is_coded(text: str, start: int) -> bool:
    """Whether what begins at `start` is said to be a code: 取件码6-3-2017 is where a parcel lies."""
    return _CODED.search(text, max(0, start - 6), start) is not None


def _stands_alone(text: str, start: int, end: int, kinds: list[str]) -> bool:
    """True for a tail that says enough without a street: a building and a unit, a numbered building, 6-2-901."""
    if _MEASURED.search(text, max(0, start - 2), start):
        return False
    tail = text[start:end]
    if "sure" in kinds or (kinds == ["dashed"] and _ROOM_IN_DASHES.search(tail)):
        return True
    if len(kinds) > 1 and not {"building", "unit"}.isdisjoint(kinds):
        return True
    if len(kinds) > 1 and kinds[0] in {"lane", "number", "floor"} and kinds[-1] in {"room", "side", "sure"}:
        return True
    if kinds in (["floor", "number"], ["lane", "number"]):
        return "楼" in tail or "排" in tail
    if kinds == ["number", "floor"]:
        return "楼" in tail and text[start - 1 : start] not in {"月", "日"}
    return kinds == ["building"] and ("号楼" in tail) and tail[0] not in "A东西南北中"


def _is_place(before: str, words: Words) -> bool:
    if _HEAD_END.search(before):
        return True
    return any(found.end() == len(before) for found in words.places_pattern.finditer(before))


def _head(text: str, start: int, words: Words) -> int:
    """Where the address begins whose tail begins at `start`; `start` itself if nothing of a place stands before it."""
    head = max(0, start - _REACH)
    broken = _BREAK.match(text, head, start)
    head = broken.end() if broken else head
    for found in words.places_pattern.finditer(text, head, start):
        if found.end() == start:
            return min(found.start(), _trimmed(text, _led(text, head, found.start()), start))
    head = _led(text, head, start)
    return _trimmed(text, head, start)


def _led(text: str, head: int, start: int) -> int:
    """Behind the last word that leads to a place."""
    for found in _LEADS.finditer(text, head, start + 1):  # one more: whether a blank stands before a number
        head = min(found.end(), start)
    while head < start and text[head] in " -·、":
        head += 1
    return head


def _trimmed(text: str, head: int, start: int) -> int:
    """Without the words of the sentence before the first part of the address."""
    if head >= start:
        return start
    tokens = rjieba.tag(text[head:start])
    ends = list(accumulate((len(word) for word, _ in tokens), initial=head))[1:]
    skipped = 0
    while skipped + 1 < len(tokens) and _is_lead(tokens[skipped], tokens[skipped + 1][0]):
        skipped += 1
    head = ends[skipped - 1] if skipped else head
    first = next((place for place in range(skipped, len(tokens)) if _SUFFIX.match(tokens[place][0][-1])), None)
    if first is None:
        return head if start - head <= 6 or len(tokens) < 3 else ends[-3]
    if ends[first] - head <= 6:
        return head
    begin = first
    while begin > skipped and (ends[first] - _begin(ends, begin, head) < 2 or len(tokens[begin - 1][0]) == 1):
        begin -= 1
    return _begin(ends, begin, head)


def _begin(ends: list[int], place: int, head: int) -> int:
    return ends[place - 1] if place else head


def _is_lead(token: tuple[str, str], following: str) -> bool:
    """A verb or function word before an address is no part of it, unless it makes a name with what follows."""
    word, tag = token
    return (
        tag[0] in "vdrpuy"
        and not (following in _KIND_WORDS or (len(following) == 1 and _SUFFIX.match(following)))
        and not _SUFFIX.match(word[-1])
    )
