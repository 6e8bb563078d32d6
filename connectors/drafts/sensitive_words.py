"""Words of lists that say something sensitive about a person: crime, petitions, drugs, health, poverty, faith, descent.

Whoever keeps such a list may call it `状态` or `status`: its words tell what it is, and not its header.
"""

from __future__ import annotations

import re

MAX_WORD = 16
"""Longest word of a list, in characters; what is longer is a text."""
_PEOPLES = (
    "汉|蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇"
    "|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固"
    "|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺"
)
_CHINESE = re.compile(
    "在逃|逃犯|通缉|被捕|逮捕|拘留|拘役|服刑|刑满|刑释|在押|羁押|缓刑|假释|保外就医|取保候审|监视居住|社区矫正|社矫"
    "|前科|判刑|犯罪|嫌疑|涉案|涉毒|吸毒|贩毒|涉黑|涉恶|涉恐|邪教|法轮|重点人员|肇事肇祸|(?:强制|社区)?戒毒(?!所|中心|医院)"
    "|(?:信|上|缠|闹|重复)访(?!局|办|科|室|大厅|中心|部门)"
    "|艾滋|肝炎|结核|梅毒|癌|肿瘤|精神(?:病|障碍|分裂)(?!医院|院)|抑郁|痴呆|传染病|患病|孕妇|流产|残疾(?!人联合会|人服务)"
    "|低保|特困|五保|贫困|困难户|孤儿|留守"
    "|佛教|道教|基督教|天主教|伊斯兰|穆斯林|信教|党员|民主党派|离异|离婚|已婚|未婚|丧偶"
    f"|\\A(?:{_PEOPLES})族\\Z"
)
_LATIN = re.compile(
    r"\b(?:arrest(?:ed)?|wanted|fugitive|at[ -]large|detained|detainee|in[ -]custody|convict(?:ed)?|imprisoned|jailed"
    r"|inmate|paroled?|parolee|probation|on[ -]bail|suspect(?:ed)?|offender|criminal|drug[ -]?(?:user|addict|abuse)"
    r"|addict(?:ed)?|petition(?:er|ing|ed)?|hiv|tb|tuberculosis|hepatitis|cancer|syphilis|mental(?:ly)?[ -]ill"
    r"|psychotic|schizophreni\w*|depress(?:ed|ion)|disabled|disability|pregnant|married|divorced|widow(?:ed)?"
    r"|muslim|islam(?:ic)?|christian|buddhis[mt]|catholic|taois[mt]|jewish|uyghur|uighur|tibetan|han|hui|kazakh)\b",
    re.IGNORECASE,
)


def is_sensitive_word(text: str) -> bool:
    """Whether a cell is a word of a list that says something sensitive about a person."""
    if len(text) > MAX_WORD:
        return False
    return _CHINESE.search(text) is not None or _LATIN.search(text.replace("_", " ")) is not None
