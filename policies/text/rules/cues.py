"""Labels: the words beside a number that say whose it is, or that it belongs to nobody.

They are Chinese (and a few Latin) words that stand before or after a number, and are looked up in the plain text
itself, without tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from policies.text import forms


class Label(Enum):
    """What a word beside a number says the number is; NOBODY is a device or a document, SERIAL the number of one."""

    RESIDENT = "resident id"
    PHONE = "phone"
    CALL = "call"
    DIAL = "dial"
    CARD = "card"
    CREDIT = "credit code"
    TRAVEL = "travel document"
    PLATE = "plate"
    REGISTER = "household register"
    HOUSE = "house code"
    NOBODY = "nobody"
    SERIAL = "serial number"
    GENERIC = "generic"


_WORDS: dict[Label, str] = {
    Label.RESIDENT: (
        "身份证 身份证件 公民身份 居民身份 身份号 身份 身分证 居民证 份证 证件 证号 "
        "老证 驾驶证 残疾证 军官证 士兵证 学生证 一代证 二代证 sfz SFZ ID 港澳台居民居住证 居住证"
    ),
    Label.PHONE: (
        "电话 手机 座机 固话 固定电话 联系方式 联系号码 传真 手机号 号码 电联 宅电 手提 日间 夜间 Tel "
        "TEL tel phone Phone Mobile mobile"
    ),
    Label.CALL: "致电 拨通 来电 回电 回访 拨打 联系 打给 通话 短信",
    Label.DIAL: "打 拨",
    Label.CARD: (
        "卡号 一卡通 银行卡 储蓄卡 借记卡 信用卡 工资卡 社保卡 账号 账户 帐号 帐户 户头 收款 "
        "转账 转帐 汇款 打款 转给 转 汇到 汇至 转到 转至 转入 打到 打入 退至 退到 退回 "
        "存入 存折 银行 工行 农行 建行 中行 招行 交行 农商行 邮储 信用社 卡 付款 取款 "
        "对公 退款 还款 提现 银联 Visa VISA visa 万事达"
    ),
    Label.CREDIT: ("信用代码 社会信用 统一代码 机构代码 税号 纳税人识别号 营业执照 执照 执照号 社会代码"),
    Label.TRAVEL: (
        "护照 通行证 台胞证 回乡证 返乡证 出入境 入境 出境 签证 永久居留 永居 居留证 居留许可 "
        "居留 旅行证 passport Passport PASSPORT 外籍 外国人 台湾居民 港澳居民 往来港澳 "
        "往来台湾 往来内地"
    ),
    Label.PLATE: "车牌 牌照 号牌 牌号 车号",
    Label.REGISTER: "户号 户口本 户口簿 户口册 户籍号 户籍页 户口号 户籍编号 户编号 户口",
    Label.HOUSE: (
        "房屋编码 房屋编号 房屋代码 房屋地址码 房屋统一编码 房源编码 房源编号 "
        "房源核验码 标准地址编码 地址编码 标准地址码 地址码 二维码门牌 房屋码 楼栋编码 门牌编码 门牌二维码 房屋二维码 "
        "房编号 房编码"
    ),
    Label.SERIAL: (
        "工单 单号 订单 订单号 流水 流水号 案号 凭证 凭证号 序列号 序号 快递单 运单 "
        "追溯码 条码 条形码 批号 文号 发票号 票号 许可证 校验码 验证码 表号 单据 业务号 "
        "交易号 参考号 IMEI imei SN S/N 件号 档号 图号 邮编 杆号 书号 ISBN 刊号 货号 "
        "款号 端口 IP 经度 纬度 东经 北纬 坐标 账单号 取件码 提取码 合同号 型号 版本 "
        "资产"
    ),
    Label.NOBODY: (
        "案件 受理 报告 快递 批次 设备 发票 合同 备案 电表 水表 气表 燃气表 账单 金额 "
        "合计 标识 档案 门禁卡 公交卡 项目 标段 招标 灭火器 电梯 井盖 路灯 基站 "
        "编目 主机 学籍 任务 巡检 派单 通知书 文书 检测 检验 产品"
    ),
    Label.GENERIC: "编号 编码 代码 号码 号 码",
}
_LABELS = {word: label for label, words in _WORDS.items() for word in words.split()}
_WORD = re.compile(forms.any_of(_LABELS))
_FILLER = re.compile(
    r"(?:号码?|编号|编码|代码|号牌|分别|完整|应当?|改|原|现|新|旧|均|也|就|还|的|吧|呢|[是为系叫有持填报记(\[【<《〈“\"':#|\-]|联系|登记|尾?数|No\.?|NO\.?|\s)*"
)
_JOINS = tuple("、和及与或/")
_LISTED = re.compile("(?:[0-9][0-9A-Za-z \\-—–·.()]{5,}[、和及与或/])+ ?$")
_STOP = re.compile(r"[。;!?\n]")


class _Mark(NamedTuple):
    start: int
    end: int
    label: Label


class Cues:
    """The labels of one plain text, in order; looked for when the first number asks."""

    __slots__ = ("_found", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: tuple[_Mark, ...] | None = None

    @property
    def _marks(self) -> tuple[_Mark, ...]:
        if self._found is None:
            self._found = tuple(_marked(self._text))
        return self._found

    def hold(self, label: Label) -> bool:
        """Whether this label stands anywhere in the text."""
        return any([mark.label is label for mark in self._marks])

    def just_before(self, at: int) -> Label | None:
        """The label that ends at `at` but for fillers such as `号码为：` and numbers listed before; None if none."""
        if self._text[max(0, at - 2) : at].rstrip()[-1:] in _JOINS:
            listed = _LISTED.search(self._text, max(0, at - 90), at)
            at = listed.start() if listed else at
        for mark in reversed(self._marks):
            if mark.end <= at:
                near = at - mark.end <= 12 and _FILLER.fullmatch(self._text, mark.end, at)
                return mark.label if near else None
        return None

    def near_before(self, at: int, *labels: Label, reach: int = 12) -> bool:
        """Whether one of `labels` ends within `reach` characters before `at`, in the same sentence."""
        return any(
            mark.label in labels and not _STOP.search(self._text, mark.end, at)
            for mark in self._marks
            if at - reach <= mark.end <= at
        )

    def near_after(self, at: int, *labels: Label, reach: int = 6) -> bool:
        """Whether one of `labels` begins within `reach` characters after `at`, in the same sentence."""
        return any(
            mark.label in labels and not _STOP.search(self._text, at, mark.start)
            for mark in self._marks
            if at <= mark.start <= at + reach
        )


_JOINED = frozenset({"", " ", "的", "(", "上的", "之"})


def _marked(text: str) -> Iterator[_Mark]:
    """Labels in order; `编号` and `号码` right after another label belong to it, alone `编号` is a serial one."""
    held: _Mark | None = None
    for found in _WORD.finditer(text):
        label = _LABELS[found[0]]
        if label is Label.GENERIC or found[0] == "号码":
            if held is not None and text[held.end : found.start()] in _JOINED:
                label = Label.SERIAL if held.label is Label.NOBODY else held.label
                held = _Mark(held.start, found.end(), label)
                continue
            if found[0] in ("号", "码"):
                continue
            label = Label.GENERIC if found[0] == "号码" else Label.SERIAL
        if held is not None:
            yield held
        held = _Mark(found.start(), found.end(), label)
    if held is not None:
        yield held
