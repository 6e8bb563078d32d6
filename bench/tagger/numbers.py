"""Invents numbers for the training prose, written in the ways people write them.

The tagger does not look for numbers (rules do), but it has to see them, so that a name beside a number stays a name.
"""

from __future__ import annotations

import random

CHINESE = "零一二三四五六七八九"
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SPOKEN = "昨天 今天 前天 上周三 上个月 年前 去年 腊月二十 端午节 国庆节 清明 周一 月底 下周 中秋 本月初"
DAYS = tuple(SPOKEN.split(" "))
LINES = ("12345", "110", "119", "120", "122", "12315", "12348", "95588", "10086", "400-820-8820", "96110", "12333")


def digits(source: random.Random, size: int) -> str:
    """Digits, the first of which is not zero."""
    return str(source.randint(1, 9)) + "".join(str(source.randint(0, 9)) for _ in range(size - 1))


def spelt(value: str) -> str:
    """The same digits in Chinese numerals, 一 read as 幺 in half of the world."""
    return "".join(CHINESE[int(each)] if each.isdigit() else each for each in value)


def mobile(source: random.Random) -> str:
    """A mobile number in any way of writing."""
    value = "1" + source.choice("3456789") + digits(source, 9)
    draw = source.random()
    if draw < 0.6:
        return value
    if draw < 0.7:
        return spelt(value).replace("一", source.choice("一幺"))
    gap = source.choice((" ", "-", ".", "·", "—", "  ", "_", "/"))
    if draw < 0.9:
        return gap.join((value[:3], value[3:7], value[7:]))
    return source.choice(("+86", "0086-", "86", "86-", "(+86)")) + value


def landline(source: random.Random) -> str:
    """A landline with or without its area code."""
    value = digits(source, source.choice((7, 8)))
    draw = source.random()
    if draw < 0.3:
        return value
    return "0" + digits(source, source.choice((2, 3))) + source.choice(("-", "", " ", "—")) + value


def resident(source: random.Random) -> str:
    """Something in the form of a resident id."""
    value = f"{digits(source, 6)}19{source.randint(40, 99)}{source.randint(1, 12):02}{source.randint(1, 28):02}"
    value += digits(source, 3) + source.choice("0123456789X")
    draw = source.random()
    if draw < 0.1:
        return value[:6] + value[8:17]
    return " ".join((value[:6], value[6:14], value[14:])) if draw < 0.2 else value


def plate(source: random.Random) -> str:
    """A number plate."""
    tail = "".join(source.choice(LETTERS + "0123456789") for _ in range(source.choice((5, 5, 6))))
    return source.choice(PLATES) + source.choice(LETTERS) + source.choice(("", "", "·", " ")) + tail


def card(source: random.Random) -> str:
    """A bank card."""
    value = "62" + digits(source, source.choice((14, 17)))
    return " ".join(value[i : i + 4] for i in range(0, len(value), 4)) if source.random() < 0.3 else value


def document(source: random.Random) -> str:
    """A passport or permit."""
    return source.choice("EGHMCWP") + digits(source, 8)


def account(source: random.Random) -> str:
    """An id of a messenger."""
    draw = source.random()
    if draw < 0.3:
        return "wxid_" + "".join(source.choice("abcdefghjk0123456789") for _ in range(10))
    if draw < 0.6:
        return source.choice(("li", "wang", "zxy", "happy", "xiao", "a", "qq")) + digits(source, source.randint(3, 7))
    return mobile(source) if draw < 0.8 else digits(source, 9)


def mail(source: random.Random) -> str:
    """An e-mail address."""
    return account(source) + source.choice(("@163.com", "@qq.com", "@126.com", "@example.cn"))


def certificate(source: random.Random) -> str:
    """A property certificate."""
    year = source.randint(2001, 2025)
    if source.random() < 0.5:
        return f"{source.choice(PLATES)}({year})某某区不动产权第{digits(source, 7)}号"
    return f"{source.choice(PLATES)}房权证字第{digits(source, 6)}号"


def date(source: random.Random) -> str:
    """A date, from whole to a word."""
    month, day = source.randint(1, 12), source.randint(1, 28)
    return source.choice(
        (
            f"{source.randint(1990, 2026)}年{month}月{day}日",
            f"{month}月{day}日",
            f"{month}月{day}号",
            f"{source.randint(2015, 2026)}-{month:02}-{day:02}",
            f"{source.randint(2015, 2026)}.{month}.{day}",
            f"{CHINESE[source.randint(1, 9)]}月{CHINESE[source.randint(1, 9)]}号",
            source.choice(DAYS),
        )
    )


def hour(source: random.Random) -> str:
    """A time of day."""
    value = source.randint(0, 23)
    return source.choice(
        (
            f"{value}时{source.randint(0, 59)}分",
            f"{value}:{source.randint(0, 59):02}",
            f"{value}点",
            "早上",
            "晚上八点多",
            "下午三点半",
            "中午",
            "凌晨",
        )
    )


def amount(source: random.Random) -> str:
    """Money."""
    value = source.randint(1, 99) * source.choice((10, 100, 1000))
    return source.choice(
        (
            f"{value}元",
            f"{value}块",
            f"{value}块钱",
            f"{source.randint(1, 90)}万元",
            "三千块",
            "一万五",
            "两百",
            f"人民币{value}元",
        )
    )


def few(source: random.Random) -> str:
    """A count."""
    return source.choice((str(source.randint(2, 300)), str(source.randint(2, 9)), "三", "两", "十几", "五", "二十多"))


def order(source: random.Random) -> str:
    """A serial number."""
    return source.choice(("", "", "GD", "WX", "NO.")) + digits(source, source.choice((8, 10, 12, 14, 16)))


def service(source: random.Random) -> str:
    """A service line."""
    return source.choice(LINES)
