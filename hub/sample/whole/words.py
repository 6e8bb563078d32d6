"""Tables of words of the seven registers: findings, shops, kinds of part, and characters that GBK does not have.

Findings name people by the fields of `text_of`; everything in them is invented.
"""

from typing import Final

# Characters of given names outside the basic multilingual plane, all in use on identity cards.
RARE: Final = ("\U0002cc56", "\U0002c35b", "\U0002c621", "\U0002cb4e", "\U0002ceba", "\U00020164")
TRADITIONAL: Final = {"张": "張", "刘": "劉", "陈": "陳", "杨": "楊", "赵": "趙", "马": "馬", "郑": "鄭", "韩": "韓"}

# {n} name, {p} phone, {i} id number, {a} address
PATROL_FINDINGS: Final = (
    "入户走访{n},家中平安,联系电话{p}。",
    "{n}家燃气软管老化,已提醒更换,{a}。",
    "{a}楼道堆放纸箱,已劝导清理。",
    "租客{n}(身份证{i})已登记,房屋{a}。",
    "{a}楼下电动车飞线充电,已拔除。",
    "网格内巡查,未发现问题。",
    "{a}门前积水,已上报。",
    "{n}反映夜间噪音,电话{p},已转交。",
)
KNOWN_FINDINGS: Final = "入户走访{n},身份证{i},电话{p},住{a}。"
VISIT_FINDINGS: Final = (
    "{n}老人身体状况良好,饮食正常。",
    "{n}称腰腿疼,希望陪同就医,电话{p}。",
    "独居,{a},子女在外地,每周电话一次。",
    "{n}血压偏高,已提醒按时服药。",
    "老人申请助餐,送至{a}。",
    "家中灯具损坏,已联系志愿者,{n}在家等候。",
    "未在家,邻居说去了女儿家。",
)
INSPECTION_FINDINGS: Final = (
    "灭火器在有效期内,通道畅通。",
    "电线私拉乱接,要求{n}限期整改。",
    "隔断间三处,未装独立烟感,联系人{n},电话{p}。",
    "燃气报警器未通电,已当场告知{n}。",
    "门窗防护栏未留逃生口。",
    "资料齐全,未发现隐患。",
)

# Kind of a unit → (weight, first two characters of the code by GB 32100, sections of GB/T 4754)
UNIT_KINDS: Final = {
    "企业": (30, "91", "CEFGIJLMN"),
    "个体工商户": (60, "92", "FFFFHHOOGR"),
    "学校": (2, "12", "P"),
    "事业单位": (3, "12", "SQMR"),
    "社会组织": (5, "51", "SQ"),
}
UNIT_STATES: Final = ("开业", "歇业", "注销")
UNIT_STATE_WEIGHTS: Final = (86, 5, 9)
TRADES: Final = {
    "C": "耐火材料",
    "E": "建筑工程",
    "F": "便民超市",
    "G": "货运",
    "H": "饭店",
    "I": "网络科技",
    "J": "小额贷款",
    "L": "劳务服务",
    "M": "检测技术",
    "N": "环卫服务",
    "O": "理发店",
    "P": "学校",
    "Q": "卫生服务站",
    "R": "文化活动站",
    "S": "协会",
}
BRANDS: Final = ("福", "兴", "顺", "达", "恒", "泰", "鑫", "源", "华", "安", "宏", "瑞", "康", "嘉", "丰", "旺")
SUFFIXES: Final = {"企业": "有限公司", "个体工商户": "", "学校": "", "事业单位": "中心", "社会组织": ""}

# Kind of a part → (weight, class and kind in its code, department that owns it)
PART_KINDS: Final = {
    "井盖": (24, "0101", "住建局"),
    "消火栓": (3, "0115", "消防救援大队"),
    "路灯": (22, "0122", "城市管理局"),
    "果皮箱": (12, "0305", "环卫中心"),
    "座椅": (6, "0306", "城市管理局"),
    "指示牌": (9, "0206", "交警大队"),
    "行道树": (20, "0401", "园林中心"),
    "其他": (4, "0599", "城市管理局"),
}
PART_STATES: Final = ("完好", "破损", "丢失", "移除")
PART_STATE_WEIGHTS: Final = (93, 4, 2, 1)

TENANCY_STATES: Final = ("已申报", "已确认", "有争议", "已终止")
TENANCY_STATE_WEIGHTS: Final = (22, 60, 3, 15)
INSPECTION_KINDS: Final = ("消防", "出租房", "燃气", "生产场所")
INSPECTION_RESULTS: Final = ("合格", "限期整改", "不合格")
INSPECTION_RESULT_WEIGHTS: Final = (72, 22, 6)
ALARM_KINDS: Final = ("烟感", "温感", "手动")
ALARM_KIND_WEIGHTS: Final = (75, 15, 10)
WAYS_TO_LIVE: Final = ("租赁", "借住", "单位宿舍")
UNKNOWN_WORD: Final = "未分类"
