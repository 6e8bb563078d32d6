"""English names for the Chinese headers and enum words of registers, as far as they are known.

A header or a word that is not listed gets a number, and the draft says that it should be renamed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from schema.derived_names import OWN_CONDITIONS, OWN_PROPERTIES

HEADERS: Mapping[str, str] = {
    "统一社会信用代码": "creditCode", "社会信用代码": "creditCode", "信用代码": "creditCode",
    "公民身份号码": "idNumber", "身份证号码": "idNumber", "身份证号": "idNumber", "身份证": "idNumber",
    "证件号码": "idNumber", "证件类型": "idKind", "法定代表人": "representative", "法人代表": "representative",
    "法人": "representative", "负责人": "manager", "联系人": "contact", "经营者": "operator", "业主": "owner",
    "房东": "landlord", "租户": "tenant", "承租人": "tenant", "户主": "householder", "监护人": "guardian",
    "网格员": "gridWorker", "检查人": "inspector", "经办人": "clerk", "申请人": "applicant", "上报人": "reporter",
    "姓名": "name", "联系电话": "phone", "联系方式": "phone", "手机号码": "phone", "手机号": "phone", "手机": "phone",
    "电话号码": "phone", "电话": "phone", "座机": "landline", "微信": "messenger", "邮箱": "email",
    "性别": "gender", "民族": "ethnicity", "婚姻状况": "maritalStatus", "文化程度": "education", "学历": "education",
    "职业": "occupation", "年龄": "age", "出生日期": "birthDate", "出生年月": "birthDate", "生日": "birthDate",
    "户籍地址": "registeredAddress", "户籍地": "registeredAddress", "现住地址": "address", "居住地址": "address",
    "经营地址": "address", "注册地址": "registeredAddress", "详细地址": "address", "地址": "address", "住址": "address",
    "门牌号": "houseNumber", "门牌": "houseNumber", "楼栋": "building", "单元": "entrance", "房号": "room",
    "楼层": "floor", "层数": "floors",
    "企业名称": "name", "单位名称": "name", "店铺名称": "name", "商铺名称": "name", "店名": "name", "字号": "name",
    "学校名称": "name", "机构名称": "name", "项目名称": "name", "名称": "name",
    "商铺编号": "number", "店铺编号": "number", "登记编号": "number", "登记号": "number", "工单编号": "number",
    "单位编号": "number", "序号": "serial", "编号": "number", "编码": "code", "代码": "code", "证号": "certificate",
    "许可证号": "licence", "车牌号": "plate", "车牌": "plate", "银行卡号": "account", "账号": "account",
    "经营范围": "scope", "经营状态": "status", "登记状态": "status", "状态": "status", "是否": "flag",
    "行业类别": "industry", "行业": "industry", "类别": "kind", "类型": "kind", "种类": "kind", "性质": "nature",
    "等级": "level", "级别": "level", "风险": "risk", "结果": "result", "用途": "usage", "从业人数": "employees",
    "员工数": "employees", "人数": "people", "户数": "households", "数量": "quantity", "金额": "amount",
    "注册资本": "capital", "面积": "area", "租金": "rent", "成立日期": "foundedOn", "注册日期": "registeredOn",
    "登记日期": "registeredOn", "开业日期": "openedOn", "检查日期": "inspectedOn", "有效期至": "validTo",
    "有效期": "validTo", "到期日期": "expiresOn", "到期": "expiresOn", "开始日期": "startsOn", "结束日期": "endsOn",
    "更新时间": "updatedAt", "修改时间": "updatedAt", "登记时间": "registeredAt", "上报时间": "reportedAt",
    "办结时间": "closedAt", "日期": "date", "时间": "time", "年份": "year", "所属网格": "grid", "网格编码": "gridCode",
    "网格代码": "gridCode", "网格": "grid", "社区": "community", "街道": "street", "乡镇": "street",
    "行政区划代码": "divisionCode", "区划代码": "divisionCode", "区划": "division", "经度": "longitude",
    "纬度": "latitude", "备注": "remarks", "说明": "remarks", "描述": "description", "情况": "description",
    "内容": "content", "意见": "opinion", "问题": "problems", "来源": "origin", "部门": "department",
}  # fmt: skip
"""By header; the longest one that a header holds counts."""

WORDS: Mapping[str, str] = {
    "是": "YES", "否": "NO", "有": "YES", "无": "NO", "男": "MALE", "女": "FEMALE", "正常": "NORMAL",
    "异常": "ABNORMAL", "在营": "OPEN", "营业": "OPEN", "营业中": "OPEN", "开业": "OPEN", "存续": "OPEN",
    "在业": "OPEN",
    "停业": "SUSPENDED", "歇业": "SUSPENDED", "注销": "CLOSED", "吊销": "REVOKED", "迁出": "MOVED_OUT",
    "关闭": "CLOSED",
    "合格": "PASSED", "不合格": "FAILED", "通过": "PASSED", "未通过": "FAILED", "整改": "RECTIFY",
    "限期整改": "RECTIFY",
    "已完成": "DONE", "未完成": "NOT_DONE", "完成": "DONE", "高": "HIGH", "中": "MEDIUM", "低": "LOW",
    "高风险": "HIGH", "中风险": "MEDIUM", "低风险": "LOW", "一级": "LEVEL_1", "二级": "LEVEL_2", "三级": "LEVEL_3",
    "四级": "LEVEL_4", "餐饮": "CATERING", "零售": "RETAIL", "批发": "WHOLESALE", "服务": "SERVICES", "娱乐": "LEISURE",
    "住宿": "LODGING", "教育": "EDUCATION", "医疗": "HEALTH", "维修": "REPAIR", "其他": "OTHER", "其它": "OTHER",
    "未知": "UNKNOWN", "自住": "OWNER_OCCUPIED", "出租": "RENTED", "空置": "VACANT", "经营": "BUSINESS",
    "个体": "SOLE_TRADER", "个体工商户": "SOLE_TRADER", "企业": "ENTERPRISE", "有限公司": "COMPANY", "学校": "SCHOOL",
    "受理": "RECEIVED", "交办": "ASSIGNED", "处置": "HANDLING", "办结": "CLOSED", "回访": "CALLED_BACK",
    "省": "PROVINCE", "市": "CITY", "县": "DISTRICT", "区": "DISTRICT", "街道": "STREET", "社区": "COMMUNITY",
    "网格": "GRID", "自有": "OWNED", "租赁": "LEASED", "燃气": "GAS", "电": "ELECTRIC", "煤": "COAL",
}  # fmt: skip
"""By word of an enum."""

RESERVED = frozenset({"region", *(name.lower() for name in OWN_PROPERTIES | OWN_CONDITIONS)})
"""Names that no field of a guess can have, in small letters: the hub's own, and that of the place of a record."""
_PARTS = re.compile(r"[A-Za-z][a-z]*|[0-9]+")
_LONGEST_FIRST = sorted(HEADERS, key=len, reverse=True)
_SUFFIXES: Mapping[str, str] = {
    "idNumber": "IdNumber", "phone": "Phone", "name": "Name", "address": "Address", "birthDate": "BirthDate",
}  # fmt: skip
_WHOSE = ("representative", "manager", "contact", "operator", "owner", "landlord", "tenant", "applicant", "reporter")


def field_name(header: str, at: int, taken: Container[str]) -> tuple[str, bool]:
    """A name for the field of a column, the `at`-th from 1, that is not `taken`; and whether it says what it holds."""
    known = _latin(header) if header.isascii() else _chinese(header)
    name = known or f"column{at}"
    if name.lower() in RESERVED or len(name) > 40:
        name = f"column{at}"
    free = name if name not in taken else next(f"{name}{n}" for n in range(2, 10_000) if f"{name}{n}" not in taken)
    return free, bool(known) and not free.startswith("column")


def _latin(header: str) -> str:
    """`shopNo` of `shop_no`, `Shop No` or `shopNo`."""
    words = latin_words(header)
    if not words or not words[0][0].isalpha():
        return ""
    return words[0] + "".join(each.capitalize() for each in words[1:])


def latin_words(header: str) -> list[str]:
    """The words and numbers in Latin letters of a header, in small letters."""
    parts = _PARTS.findall(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header))
    return [each.lower() for each in _joined(parts)]


def _joined(parts: list[str]) -> list[str]:
    """Letters that stand alone belong together: `I D` is the word `ID`."""
    joined: list[str] = []
    for part in parts:
        if joined and len(part) == 1 and part.isupper() and joined[-1].isupper():
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _chinese(header: str) -> str:
    """`representativePhone` of 法定代表人电话; empty if no word of it is known."""
    last = next((word for word in _LONGEST_FIRST if header.endswith(word)), None)
    found = last or next((word for word in _LONGEST_FIRST if word in header), None)
    if found is None:
        return ""
    name = HEADERS[found]
    before = header.removesuffix(found) if last else ""
    whose = next((HEADERS[word] for word in _LONGEST_FIRST if word in before and HEADERS[word] in _WHOSE), "")
    return whose + _SUFFIXES[name] if whose and name in _SUFFIXES else name


def capitals(word: str, field: str, at: int) -> tuple[str, bool]:
    """The catalogue's word for a word of an enum, the `at`-th from 1, and whether it says what is meant."""
    plain = word.strip()
    if plain in WORDS:
        return WORDS[plain], True
    latin = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").upper()
    if plain.isascii() and latin and latin[0].isalpha():
        return latin[:40].rstrip("_"), True
    return f"{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', field).upper()}_{at}", False
