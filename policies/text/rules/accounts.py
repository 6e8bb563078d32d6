"""Rules for e-mail addresses and for ids of WeChat, QQ and other messengers, however they are disguised.

Groups, public accounts and payments are nobody's. The text is plain (`plain_text.py`), with spelled numbers as digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.text.gates import either
from policies.text.plain_text import BETWEEN
from policies.text.rules.cues import Cues
from policies.text.rules.grouping import compact, is_day
from policies.text.spans import PiiKind, Span

_AT = r"(?:@|\s?(?:\(at\)|\[at\]|\{at\}|<at>|艾特|圈a|\(a\)|\(@\))\s?)"
_DOT = r"(?:\.|\s\.\s?|\.\s(?=com|cn|net)|\sdot\s|\s?(?:点|\(dot\)|\[dot\]|。)\s?)"
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+\-])(?:(?:[A-Za-z0-9] ){{2,}}[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._%+\-]*)(?:{_AT}| @ ?|@ )"
    rf"[A-Za-z0-9\-]+(?:{_DOT}[A-Za-z0-9\-]+)*{_DOT}[A-Za-z]{{2,}}",
    re.IGNORECASE,
)
_KNOWN_HOST = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]*(?:\s?(?:#|\*|★|☆| ?在 ?|◎| at |\+|&|-|_)\s?)"
    rf"(?:qq|vip\.qq|163|126|139|189|wo|gmail|outlook|hotmail|sina|sohu|foxmail|yeah|aliyun|icloud|21cn|yahoo)"
    rf"(?:{_DOT}|,|\s|_)(?:com|cn|net|com\.cn)(?![A-Za-z])",
    re.IGNORECASE,
)
MAY_BE_EMAIL = either(("@艾圈", ""), (r"(\[{<", "a"), ("cC", "[oO][mM]"), (".", "[cn]"), ("点", "c"))


def emails(text: str, cues: Cues) -> Iterator[Span]:
    """Mailboxes, also with `(at)`, `艾特`, `#` and `点` for the signs that forms refuse."""
    del cues
    for pattern, score in ((_EMAIL, 1.0), (_KNOWN_HOST, 0.8)):
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), PiiKind.EMAIL, score, "mailbox")


_LINK = (
    r"(?:号码?|账号|帐号|[iI][dD]|(?:还|就|也|都)?[是为]|叫|的|:|\s|[(\[【<\"'“‘「]|吧|呢|哈|啊|呀|我(?!们)|他|她|本人|对方|一?下|个|搜索?|添加|加|联系|"
    r"[-=~—、*@]|❤|💚|➕|👉|➡|\u2190-\u21ff|昵称|名字?为|\?|答|\||,(?=[A-Za-z]))*"
)
_TALK = re.compile(
    r"(?=[微薇威维崴卫徽葳溦vVwW加钉+➕绿飞tT电抖快小陌探支LsS])"
    r"(?:[微薇威维崴卫徽葳溦][\s.·*_\-]{0,2}[信芯亻心♥❤]|[vV]\s?[信心♥]|[vV]我|加我[vV]|加葳|钉钉|[wW]e\s?[cC]hat|[wW]ei\s?(?:[xX]in|信)|微x|微X|(?<![A-Za-z])[vVwW][\s.*_\-]?[xX](?![A-Za-z]{5})|"
    r"[vV微薇威]\s?❤|绿泡泡|绿色软件|[加+➕]\s?[vV薇微威](?!\s?[信芯亻]|IP|ip|PN|pn)|(?<![A-Za-z0-9])[vV]\s?号?\s?(?=:)|(?<=[^A-Za-z0-9])[vV]号|薇(?=\s?[:号]|\s?[A-Za-z0-9])|卫星(?=\s?[:号]?\s?[a-z])|"
    r"钉钉号|飞书号|[Tt]elegram|[Ww]hats[Aa]pp|飞机号|电报号|抖音号|快手号|小红书号|陌陌号?|探探号|支付宝账?号|LINE号?|Skype|skype)"
    + _LINK
)
_EMOJI = "[\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff]"
_TALK_ID = re.compile(
    rf"(?P<id>wxid_[A-Za-z0-9_]+|(?!(?:QQ|qq)[0-9 :])[A-Za-z](?:{_EMOJI}?[A-Za-z0-9_\-]|\.(?=[A-Za-z0-9])){{4,24}}"
    rf"|[0-9](?:{BETWEEN}{{0,2}}[0-9]){{5,10}}(?![0-9])|[A-Za-z](?: ?[A-Za-z0-9_]){{5,24}})"
)
_NEAR_TALK = re.compile(
    r"(?:[微薇威维卫徽]\s?信|[vV]信|[vVwW][xX]|加[我他她]?(?![vV])|➕)(?!公众|小程序|支付)[^。;!?A-Za-z0-9]{0,16}"
    r"(?P<id>(?=[A-Za-z0-9_.\-]*[0-9_])[a-z][A-Za-z0-9_.\-]{5,19})(?![A-Za-z0-9@])"
)
_PENGUIN = re.compile(
    r"(?=[qQ扣抠蔻球🐧企加+➕])"
    r"(?:(?<![A-Za-z0-9])[qQ][qQ][^0-9A-Za-z。;!?:群]{1,10}号码?|"
    r"(?<![A-Za-z0-9.@])[qQ]\s?/?\s?[qQ](?!\s?[.·]?\s?com)(?:空间|邮箱|好友)?|扣\s?扣|抠\s?抠|蔻\s?蔻|球球|🐧|企\s?鹅|[加+➕]\s?[qQ扣](?![A-Za-z])|"
    r"(?<![A-Za-z0-9])[qQ]\s?号?\s?(?=:)|(?<![A-Za-z0-9])[qQ]号(?:[^0-9A-Za-z。;,!?:群]{0,4}:)?|(?<![A-Za-z0-9])[qQ](?=\s?[1-9][0-9]{6,9}(?![0-9])))"
    + _LINK
)
_PENGUIN_ID = re.compile(f"[,，]?(?P<id>[1-9](?:{BETWEEN}{{0,3}}[0-9]){{4,10}})(?![0-9])")
_WXID = re.compile(r"(?<![A-Za-z0-9])wxid_[A-Za-z0-9_]{4,}")
_REVERSED = re.compile(
    r"(?<![A-Za-z0-9_\-])(?P<id>[A-Za-z][A-Za-z0-9_\-]{5,19}|[1-9][0-9]{5,10})\s?(?:\((?=(?:微信|薇信|[vV]信|[vVwW][xX]|绿泡泡|QQ|qq|扣扣|企鹅)\))|[,(]?(?:这?就?是|为|系))(?:我|他|她|其|本人|对方|我家|店里)?"
    r"的?(?:微信|薇信|[vV]信|[vVwW][xX]|绿泡泡|QQ|qq|扣扣|企鹅)"
)
_MAY_BE_ID = re.compile("[A-Za-z0-9_](?:[ .·\\-]{0,2}[A-Za-z0-9_]){4}")
MAY_BE_TALK = either(
    *(("信芯亻❤♥心xXqQ扣抠蔻球鹅薇vV🐧葳", ""), ("加+➕", "[微威]"), ("加", "[我他她a-z]"), ("音手书机报钉探", "号")),
    *(("绿", "色"), ("泡", "泡"), ("陌", "陌"), ("付", "宝"), ("卫", "星"), ("钉", "钉")),
    *(("L", "INE"), ("k", "ype"), ("g", "ram"), ("A", "pp"), ("h", "at")),
)
_NOT_AN_ID = frozenset(
    {"android", "iphone", "windows", "wechat", "alipay", "online", "version", "harmony", "huawei", "xiaomi", "mobile"}
    | {"weixin", "group", "server", "login", "error", "system", "application", "applet", "public"}
)
_AMOUNT = re.compile(r"\s?(?:元|块|万|年|月|日|人|条|次|笔|个|%)")


def talk(text: str, cues: Cues) -> Iterator[Span]:
    """Ids of WeChat (微信, 薇信, v信, vx …), QQ (扣扣, 企鹅 …) and other messengers, after or before the word."""
    del cues
    if not _MAY_BE_ID.search(text):
        return
    for name, cue, shape in (("WeChat", _TALK, _TALK_ID), ("QQ", _PENGUIN, _PENGUIN_ID)):
        for said in cue.finditer(text):
            found = shape.match(text, said.end())
            if found and _is_id(found, text):
                yield Span(found.start("id"), found.end("id"), PiiKind.IM_ID, 0.9, f"{name} id: labelled")
    for found in _NEAR_TALK.finditer(text):
        yield Span(found.start("id"), found.end("id"), PiiKind.IM_ID, 0.7, "id: messenger named before")
    for found in _WXID.finditer(text) if "wxid_" in text else ():
        yield Span(found.start(), found.end(), PiiKind.IM_ID, 1.0, "WeChat id: prefix")
    for found in _REVERSED.finditer(text):
        if found["id"].lower() not in _NOT_AN_ID:
            yield Span(found.start("id"), found.end("id"), PiiKind.IM_ID, 0.8, "id: label after it")


def _is_id(found: re.Match[str], text: str) -> bool:
    number = compact(found["id"])
    if not number.isdigit():
        return number.lower() not in _NOT_AN_ID
    return not (_AMOUNT.match(text, found.end()) or is_day(number))
