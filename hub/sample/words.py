"""Tables of words: surnames, given names, streets, places of origin, and the sentences of hotline tickets.

Every word can be written in GBK, and no name of `known_people.py` is in a table.
"""

from typing import Final

# Frequent surnames occur several times, so that a plain choice gives roughly the real frequencies.
SURNAMES: Final = tuple(
    "王王王王王王王李李李李李李李张张张张张张刘刘刘刘陈陈陈杨杨杨赵赵赵郭郭郭黄吴周徐孙马朱胡林何高高梁郑罗宋谢唐韩曹许邓"
    "冯冯程蔡彭潘袁于董余苏叶吕魏蒋田田杜丁沈姜范江傅钟卢汪戴崔任任陆廖姚方金邱夏谭韦贾贾邹石石熊孟秦阎薛侯雷白白龙段"
    "郝郝孔邵史毛常万顾赖武武康贺严尹钱施牛牛洪龚岳荆药葛商"
)
COMPOUND_SURNAMES: Final = ("欧阳", "司马", "上官", "诸葛", "慕容", "令狐", "皇甫", "尉迟")
DOTTED_NAMES: Final = (
    ("阿迪力", "艾合买提", "巴图", "格日勒", "努尔兰", "扎西", "帕尔哈提", "哈斯"),
    ("吐尔逊", "巴雅尔", "多吉", "热合曼", "苏和", "卓玛", "肉孜", "阿吉"),
)
OLD_MALE: Final = tuple("国建福保贵富银金玉文德明志忠长永春根成生旺荣祥元")
OLD_FEMALE: Final = tuple("秀桂玉兰英凤翠花淑珍爱梅巧莲芝香银改变枝娥")
MALE: Final = tuple("伟强磊军勇涛鹏杰斌浩波辉刚健宇飞凯超俊晓志建明亮峰")
FEMALE: Final = tuple("芳娜敏静丽艳娟霞燕红玲萍婷慧雪倩颖莉洁琳璐晶晓文")
YOUNG_MALE: Final = tuple("子浩宇轩梓博一泽铭睿晨俊奕辰嘉皓天佑沐逸航思源")
YOUNG_FEMALE: Final = tuple("子涵梓萱欣怡诗雨佳琪一诺语桐可馨沐瑶若曦思妍悦宁")

STREETS: Final = ("榆关街道", "嘉岭街道", "南川街道", "学门街道", "阳胜街道")
TOWNS: Final = (
    "松岭镇",
    "柏泉镇",
    "石壑镇",
    "桃林镇",
    "鹊山镇",
    "苇泊镇",
    "槐塔乡",
    "岳家坪乡",
    "榆底乡",
    "东沟乡",
)
ESTATES: Final = (
    "福安苑",
    "阳光小区",
    "矿机小区",
    "惠民家园",
    "锦绣新城",
    "东关小区",
    "嘉馨园",
    "学府里",
    "和谐佳苑",
    "滨河花园",
)
ROADS: Final = ("府新街", "东大街", "评梅路", "平阳路", "学门街", "南环路", "泉水巷", "县前街")
NUMERALS: Final = "一二三四五六七八九十"

# Six-digit prefixes of id numbers with their places; the county itself is not among them.
ORIGINS: Final = (
    ("140302", "山西省阳泉市城区"),
    ("140311", "山西省阳泉市郊区"),
    ("140322", "山西省阳泉市盂县"),
    ("140724", "山西省晋中市昔阳县"),
    ("140725", "山西省晋中市寿阳县"),
    ("130121", "河北省石家庄市井陉县"),
    ("410522", "河南省安阳市安阳县"),
    ("510722", "四川省绵阳市三台县"),
    ("341221", "安徽省阜阳市临泉县"),
    ("610824", "陕西省榆林市靖边县"),
)
MOBILE_PREFIXES: Final = tuple(
    [
        "130",
        "131",
        "134",
        "135",
        "136",
        "137",
        "138",
        "139",
        "150",
        "151",
        "155",
        "158",
        "159",
        "176",
        "182",
        "186",
        "187",
    ]
)

# Kind of a ticket → (department that handles it, sentences). In a sentence:
# {n} name, {p} phone, {i} id number, {a} address, {c} car plate, {o} another person's name, {q} that person's phone
TICKET_KINDS: Final = {
    "噪音": ("urban", (
        "市民{n}反映,{a}楼下烧烤店每晚营业到凌晨,严重影响休息,已多次与老板{o}(电话{q})沟通无果。",
        "来电人称{a}对面工地夜间施工,车辆{c}反复鸣笛,家中老人无法入睡。",
        "{a}楼上住户{o}深夜跳操,来电人{n}请求上门劝导。",
    )),
    "消防隐患": ("fire", (
        "{n}反映{a}楼道堆满杂物和电动车,有人从窗户拉线充电,担心着火。",
        "来电人称{a}的房东{o}(手机{q})把房子隔成六间出租,没有灭火器,通道被锁。",
        "{a}消防通道长期被车牌{c}的面包车占用,物业不管。",
    )),
    "占道": ("urban", (
        "{a}门口有人占道卖菜,三轮车{c}每天停在人行道上,{n}推轮椅无法通过。",
        "来电人反映{o}在{a}旁私装地锁,要求拆除。",
    )),
    "物业": ("housing", (
        "{n}反映{a}电梯停运三天,家里有八十岁老人,物业经理{o}电话{q}一直无人接听。",
        "来电人称{a}物业擅自涨价,业主群里公布了他的姓名和身份证{i},要求处理。",
    )),
    "漏水": ("housing", (
        "{a}楼上{o}家暖气漏水,泡坏天花板,对方电话{q},协商赔偿不成。",
        "市民{n}反映{a}自来水主管道漏水三天,路面结冰,车辆{c}打滑受损。",
    )),
    "纠纷": ("grid-centre", (
        "{n}与邻居{o}(电话{q})因宅基地边界争吵,对方扬言报复,请社区到{a}调解。",
        "来电人反映前夫{o}多次到{a}骚扰,车牌{c},已报警,请求协助。",
        "租客{n}称房东{o}拒退押金,住址{a},转账记录可提供。",
    )),
    "其他": ("civil", (
        "{n}咨询高龄津贴办理,本人身份证{i},住{a},行动不便希望上门。",
        "来电人{n}为母亲{o}申请居家养老服务,母亲独居在{a},联系电话{q}。",
        "咨询低保复核进度,申请人{n},身份证号{i}。",
    )),
}  # fmt: skip
TICKET_CLOSINGS: Final = (
    "联系人{n},电话{p}。",
    "请回电{p},找{n}。",
    "来电人要求保密,但留了手机{p}。",
    "可加微信{p}({n})。",
    "身份证{i},{n},回访电话{p}。",
    "",
)
# A ticket of a known person says everything, so that a leak of its text cannot be missed.
KNOWN_CLOSING: Final = "来电人{n},身份证{i},电话{p}。"
