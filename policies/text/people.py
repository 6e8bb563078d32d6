"""A name is found by what stands beside it, never by looking like one alone.

Rules for people in plain Chinese prose (`normal.py`): a surname with a form of address or title (王女士, 李主任), 老王 and
小李, 张某某, names with a middle dot, names behind a word that announces one (来电人, 租客, 姓名), names before a word that
only a person does, compound surnames, and Latin names behind a cue. What is a common word (高峰, 安全, 张贴) is refused by
the dictionary that rjieba carries. The model (`tagger.py`) finds the names that nothing announces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import rjieba

from policies.text import forms
from policies.text.normal import Normal
from policies.text.spans import PiiKind, Span
from policies.text.surnames import COMPOUND_SURNAMES
from policies.text.words import Words

HAN = "一-鿿〇"
_COMPOUND = frozenset(COMPOUND_SURNAMES)
_COMPOUND_WORDS = frozenset({"东方", "第五", "百里", "即墨", "濮阳", "西门", "东郭", "单于", "长孙", "宰父", "太史", "公良"})
_NOT_NAMES = frozenset(
    "张贴 顾客 阳光 红旗 温馨 康复 盛夏 师生 易燃 丁字 黄金 黄河 黄山 江南 江北 平安 安康 和平 成都 金融 金属 高速 祖国 武汉 关爱 "
    "童心 师德 明珠 马路 王牌 牛奶 石油 白酒 方正 文明 文化 常态 向阳 东风 万科 高中 高校 华夏 古城 金山 龙门 龙头 云南 海南 江苏 "
    "康乐 安居 安心 安定 广东 广西 广州 温州 常州 郑州 徐州 杭州 苏州 韩国 秦岭 泰山 唐山 许可 许愿 钱包 阳台 单车 单元 水泥 "
    "孔子 孟子 孙子 老子 卫生 卫士 解放 项目 叶子 梅花 桂花 兰花 莲花 林业 林木 花园 花草 农民 农户 农村 農村 山庄 雷锋 冬季 "
    "夏季 秋季 春季 安装 程度 强度 沙发 石灰 和谐 应急 水果 白菜 陈旧 陈列 曲线 简易 简单 鲁班 贾宝玉 毛利 盛大 盛世 隆重".split()
)
"""Words that rjieba's dictionary has, or takes, for names."""


def _any(words: Iterable[str]) -> str:
    """A pattern of these words, the longest first, that looks at them only where a first character stands."""
    ordered = sorted(set(words), key=lambda each: (-len(each), each))
    return f"(?=[{''.join(sorted({each[0] for each in ordered}))}])(?:{'|'.join(map(re.escape, ordered))})"


_TITLE = re.compile(_any(forms.TITLES))
_OFFICES = frozenset({"镇长", "乡长", "村长", "区长", "县长", "市长", "社长", "店长", "园长"})
"""Titles that also begin inside the name of a place (杨田镇长垅村)."""
_SHORT_TITLE = re.compile(rf"(?<=[{''.join(sorted(forms.SAFE))}])[{forms.SHORT_TITLES}](?![{forms.SHORT_TITLES}])")
_SMALL = re.compile(
    rf"(?<![大中多最很较太变古年敬养幼弱])[老小阿](?:[{''.join(sorted(forms.AFTER_SMALL))}]|"
    rf"(?P<ended>[{''.join(sorted(forms.AFTER_SMALL_ENDED))}]))"
)
_UNNAMED = re.compile(rf"{forms.ANY_SURNAME}某(?:[某甲乙丙丁戊己庚辛]{{1,2}}|[{HAN}])?")
_UNNAMED_THING = re.compile(
    "[些个种处地市区县镇乡村街路月日年项次天栋店网户校局厂所院公小单物平银医学饭酒商超工建集品幼社企楼宾]"
)
_FOREIGN = "阿艾埃爱奥巴白拜贝比别波伯布才茨次达戴丹迪蒂丁东杜顿多尔凡范菲费芬弗夫福盖甘冈戈格古哈海汉汗赫黑亨洪霍基吉加贾江杰金卡凯坎康考科克肯库奎拉莱兰朗劳勒雷里力丽利莲列林琳龙卢鲁露伦罗洛玛马麦曼茂梅蒙米娜纳乃内尼年努诺帕潘佩皮普奇齐乔切琴热日如萨赛桑瑟森沙山舍深圣施史司丝斯苏索塔太泰坦汤特提图土吐托娃瓦万威韦维魏温文翁沃乌吾伍西希锡夏香谢辛兴休修许雪雅亚延扬耶叶伊依易因尹英尤于玉约云扎泽札詹兆哲珍治朱孜子买肉孙木甫提孜比旦旺次仁央宗顿珠卓玛嘎措扎西多吉丹增平措洛桑普布巴桑朵娜热孜坎曼合牙生迪亚尔力江古丽别克汗铁木巴图尔苏荣娜仁额敦宝音"
_DOTTED = re.compile(rf"[{_FOREIGN}]{{1,6}}(?:[·•‧・∙⋅.][{_FOREIGN}]{{1,7}}){{1,3}}")
_LATIN = re.compile(
    r"(?:姓名|名叫|名字|叫|外籍\w{0,4}|外国\w{0,2}|租客|租户|户主|房东|业主|当事人|联系人|本人|护照[^,。]{0,14}姓名)"
    r"(?:[:是为]|系)?\s?([A-Za-z][A-Za-z'’]+(?:[ ·.-]{1,2}[A-Za-z][A-Za-z'’]+){1,3}|[A-Z][a-z]{2,})(?![A-Za-z0-9@_])"
)
_ANNOUNCED = re.compile(
    rf"(?:(?P<label>{_any(forms.LABELS)})|(?P<role>{_any((*forms.KIN, *forms.ROLES))}))"
    rf"(?P<colon>\s?[:=]\s?|\s)?(?:是|为|系|叫做|叫|姓名|名叫)?:?[\"“‘'(《\[]?(?={forms.ANY_SURNAME}[{HAN}])"
)
_CLAUSE = re.compile(
    rf"(?:(?<![{HAN}A-Za-z0-9])|(?<=[由被向与和跟把对给让请经找及同帮替叫在到]))"
    rf"(?={forms.ANY_SURNAME})(?P<name>[{HAN}]{{2,4}}?)(?={_any(forms.STRONG_VERBS)})"
)
_CLAUSE_WEAK = re.compile(
    rf"(?:(?<![{HAN}A-Za-z0-9])|(?<=[由被向与和跟把对给让请经找及同帮替叫]))"
    rf"(?P<name>[{''.join(sorted(forms.SAFE | forms.RISKY))}][{HAN}]{{2}})(?={_any(forms.VERBS)}|[^{HAN}]|$)"
)
_COMPOUND_AT = re.compile(_any(_COMPOUND - _COMPOUND_WORDS))
_PLACE_AFTER = re.compile("[路街区县市镇乡村站桥里坊巷山湖庄园苑港湾门寺庙塔大]")
_VERB = re.compile(_any(forms.VERBS))
_AFTER = re.compile(rf"[^{HAN}]|$|{_any(forms.VERBS)}")
_CALLED = frozenset("人者员户方边里处部家们店长面物车场机板单费期民")
"""What makes a longer common word of a common word."""
_NEXT = re.compile("[、和与及跟]|以及")
_NAME_RUN = re.compile(f"[{HAN}]+")


@lru_cache(maxsize=20_000)
def _tag(word: str) -> str | None:
    """What the dictionary calls this word; None if it has none such."""
    if len(word) < 2 or not rjieba.has_word(word):
        return None
    tagged = rjieba.tag(word)
    return str(tagged[0][1]) if len(tagged) == 1 else "x"


def _is_word(word: str) -> bool:
    """True for a common word: what the dictionary knows as anything but a name."""
    return word in _NOT_NAMES or _tag(word) not in {None, "nr", "nrfg", "nrt"}


def find(normal: Normal, words: Words) -> Iterator[Span]:
    """People in the plain text of `normal`; offsets are those of the plain text."""
    text = normal.text
    for found in words.people_pattern.finditer(text):
        yield Span(found.start(), found.end(), PiiKind.PERSON, 1.0, "word list")
    yield from _titled(text)
    yield from _short(text)
    yield from _announced(text)
    yield from _clauses(text)
    yield from _compound(text)
    yield from _foreign(text)


def _titled(text: str) -> Iterator[Span]:
    for found in _TITLE.finditer(text):
        at = found.start()
        if found[0] in _OFFICES and not _AFTER.match(text, found.end()):
            continue
        for start in _before_title(text, at, found[0]):
            whole = at - start == (2 if text[start : start + 2] in _COMPOUND else 1)
            yield Span(start, found.end() if whole else at, PiiKind.PERSON, 0.95, "title")


def _before_title(text: str, at: int, title: str) -> Iterator[int]:
    """Where the name before a title begins: at most one place."""
    for start in (at - 4, at - 3, at - 2):
        if start >= 0 and text[start : start + 2] in _COMPOUND and _plain_before(text, start, at):
            yield start
            return
    boundary = _breaks(text, at)
    for start in (at - 3, at - 2, at - 1):
        if start < 0 or text[start] not in forms.SAFE | forms.RISKY:
            continue
        if not _NAME_RUN.fullmatch(text, start, at) or not boundary(start):
            continue
        if any(char in forms.STOPS for char in text[start + 1 : at]) or _is_word(text[start:at]):
            continue
        if at - start > 1 and (text[start] in forms.RISKY or title not in forms.STRONG_TITLES):
            if _is_word(text[start : start + 2]) or _is_word(text[at - 2 : at]):
                continue
        yield start
        return


def _plain_before(text: str, start: int, at: int) -> bool:
    return bool(_NAME_RUN.fullmatch(text, start, at)) and text[start : start + 2] not in _COMPOUND_WORDS


def _breaks(text: str, at: int):  # type: ignore[no-untyped-def]
    """A check whether a name may begin at a place: no word of the dictionary reaches over it."""

    def check(start: int) -> bool:
        if start == 0 or not _NAME_RUN.match(text, start - 1, start):
            return True
        for length in (2, 3, 4):
            for first in range(max(0, start + 1 - length), start):
                word = text[first : first + length]
                if first + length > start and first + length <= at and _is_word(word):
                    return False
        return text[start] not in forms.RISKY or at - start > 1 or _is_word(text[max(0, start - 2) : start])

    return check


def _short(text: str) -> Iterator[Span]:
    """老王, 小李; 张姐, 刘总; 张某, 王某某, 李某甲."""
    for found in _SMALL.finditer(text):
        end = found.end()
        around = (found[0], text[end - 1 : end + 1].rstrip("家"), text[max(0, found.start() - 1) : end - 1])
        if not any(map(_is_word, around)) and (not found["ended"] or _AFTER.match(text, end)):
            yield Span(found.start(), end, PiiKind.PERSON, 0.9, "老/小")
    for found in _SHORT_TITLE.finditer(text):
        start, end = found.start() - 1, found.end()
        if _AFTER.match(text, end) and not _is_word(text[start:end]) and _breaks(text, start + 1)(start):
            yield Span(start, end, PiiKind.PERSON, 0.85, "title")
    if "某" in text:
        yield from _unnamed(text)


def _unnamed(text: str) -> Iterator[Span]:
    for found in _UNNAMED.finditer(text):
        last = found[0][-1]
        end = found.end()
        if last not in "某甲乙丙丁戊己庚辛":
            if found[0][0] in forms.RISKY and _UNNAMED_THING.match(last):
                continue
            if last in forms.STOPS or not _AFTER.match(text, end) or _is_word(text[end - 1 : end + 1]):
                end -= 1
        if end - found.start() > 1 and not _is_word(text[max(0, found.start() - 1) : found.start() + 1]):
            yield Span(found.start(), end, PiiKind.PERSON, 0.95, "某")


def _announced(text: str) -> Iterator[Span]:
    for found in _ANNOUNCED.finditer(text):
        colon = bool(found["colon"] and found["colon"].strip())
        start = found.end()
        end = name_end(text, start, 2 if colon else 1 if found["label"] else 0)
        while end is not None:
            yield Span(start, end, PiiKind.PERSON, 0.9 if found["label"] else 0.8, "announced")
            more = _NEXT.match(text, end)
            start = more.end() if more else len(text)
            end = name_end(text, start, 0)


def _clauses(text: str) -> Iterator[Span]:
    for found in _CLAUSE.finditer(text):
        start, end = found.span("name")
        if not any(char in forms.STOPS for char in found["name"][1:]) and _is_name(text, start, end, 0, ended=True):
            yield Span(start, end, PiiKind.PERSON, 0.8, "before a verb")
    for found in _CLAUSE_WEAK.finditer(text):
        start, end = found.span("name")
        if _tag(found["name"]) is None and rjieba.tag(text[start : end + 4])[0] == (found["name"], "nr"):
            yield Span(start, end, PiiKind.PERSON, 0.7, "at the start of a clause")


def _compound(text: str) -> Iterator[Span]:
    for found in _COMPOUND_AT.finditer(text):
        end = name_end(text, found.start(), 1)
        if end is not None and not _PLACE_AFTER.search(text, found.end(), end + 1):
            yield Span(found.start(), end, PiiKind.PERSON, 0.85, "compound surname")


def _foreign(text: str) -> Iterator[Span]:
    for found in _DOTTED.finditer(text):
        yield Span(found.start(), found.end(), PiiKind.PERSON, 0.9, "middle dot")
    for found in _LATIN.finditer(text):
        yield Span(found.start(1), found.end(1), PiiKind.PERSON, 0.8, "announced")


def name_end(text: str, start: int, proof: int) -> int | None:
    """Where the full name that begins at `start` ends; None if none does.

    `proof` is what stands before it: 2 a label and a colon, 1 a word that announces a name, 0 one that often does.
    """
    base = 2 if text[start : start + 2] in _COMPOUND else 1
    if base == 1 and (start >= len(text) or text[start] not in forms.SAFE | forms.RISKY):
        return None
    run = _NAME_RUN.match(text, start)
    length = min(run.end() - start, base + 3) if run else 0
    if length <= base or text[start + base] in forms.STOPS:
        return None
    end = start + min(length, base + _given(text, start, base, length))
    return end if proof == 2 or base == 2 or _is_name(text, start, end, proof) else None


def _given(text: str, start: int, base: int, length: int) -> int:
    """One or two characters of a given name, by whether the second one begins another word."""
    second = start + base + 1
    if length == base + 1 or text[second] in forms.STOPS:
        return 1
    if length == base + 2:
        return 1 if _VERB.fullmatch(text, second, second + 1) and text[second] in "男女家户" else 2
    verb = _VERB.match(text, second)
    if (verb and verb.end() > second + 1) or _tag(text[second : second + 2]):
        first = rjieba.cut(text[start : start + base + 5])[0]
        return 2 if len(first) == base + 2 else 1
    return 2


def _is_name(text: str, start: int, end: int, proof: int, ended: bool = False) -> bool:
    """False where the dictionary knows a common word there; `ended` says that a sure word follows."""
    name = text[start:end]
    if name in _COMPOUND_WORDS or _is_word(name):
        return False
    risky = name[0] in forms.RISKY
    if len(name) == 3 and _is_word(name[:2]) and (risky or name[2] in _CALLED):
        return False
    if ended:
        return True
    if len(name) == 2 and _is_word(text[start + 1 : start + 3]) and (risky or not proof):
        return False
    if risky and not proof:
        return bool(_AFTER.match(text, end)) and not _is_word(name[1:])
    return True
