"""Numbers, codes and accounts: what is found, as what, and what is nobody's. All of them are invented."""

from __future__ import annotations

import re

import pytest

from policies.text import numbers
from policies.text.normal import normalise
from policies.text.spans import PiiKind, without_overlap

pytestmark = pytest.mark.unit

WRITTEN = """
CN_ID 身份证号：[[330106194103127193]]。
CN_ID 身份证[[33010619410312719X]]（号码写错）
CN_ID 证件号码为[[330106 19410312 7193]]，已核
CN_ID 身份证号[[330106-1941-0312-7193]]
CN_ID 身份证[[３３０１０６１９４１０３１２７１９３]]
CN_ID 他的身份证是[[三三零一零六一九四一零三一二七一九三]]。
CN_ID 身份证号叁叁零壹的那个，[[叁叁零壹零陆壹玖肆壹零叁壹贰柒壹玖叁]]
CN_ID 张某[[330106410312719]]（旧身份证）
CN_ID 持有[[330106410312719]]身份证的老人
CN_ID 嫌疑人[[11010520000622139x]]到案
CN_ID 登记[[11010520000622139×]]的人
CN_ID 身份证：[[110105.20000622.139X]]
CN_ID 身份证：[[1\u20e31\u20e30\u20e310520000622139X]]
CN_ID 居住证[[810000199001011230]]的港人
CN_ID ID:[[110105200006221399]]
CN_ID 号码[[110105200006221392]]
CN_ID 身份证[[33010619410312719Х]]（西里尔字母）
PHONE 电话[[13812345678]]。
PHONE [[138-1234-5678]]联系
PHONE [[138.1234.5678]]
PHONE [[138 1234 5678]]
PHONE [[1381 234 5678]]
PHONE 打[[1 3 8 1 2 3 4 5 6 7 8]]给他
PHONE [[138·1234·5678]]
PHONE 电话[[+86-138-1234-5678]]
PHONE 电话[[0086 13812345678]]
PHONE [[(+86)13812345678]]
PHONE [[86-13812345678]]
PHONE 电话[[1\u200b38123\u200b45678]]
PHONE 电话[[138📞1234📞5678]]
PHONE 电话[[138😀12345😀678]]号
PHONE 电话[[一三八一二三四五六七八]]
PHONE 电话[[幺三八 幺二三四 五六七八]]，
PHONE [[壹叁捌-壹贰叁肆-伍陆柒捌]]
PHONE 手机一[[13812345678]]，手机二
PHONE 手机[[一38一23四5678]]
PHONE 手机[[１３８－１２３４－５６７８]]
PHONE 手机[[①③⑧①②③④⑤⑥⑦⑧]]
PHONE 座机[[0731-87900727]]
PHONE 座机[[0731 8790 0727]]
PHONE 座机[[073187900727]]
PHONE 座机[[(0731)87900727]]
PHONE 拨打[[010-62345678转801]]
PHONE 拨打[[010-62345678-801]]
PHONE 拨打[[021 6234 5678 转 12]]
PHONE 座机[[87900727]]
PHONE 办公电话是[[8790-0727]]
PHONE 家里电话[[8790727]]，
PHONE 传真：[[0571—87900727]]
PHONE 电话[[零七三一 八七九零零七二七]]
PHONE 香港号码[[+852 9123 4567]]
PHONE 台湾[[+886-912-345-678]]
PHONE 美国[[+1 415 555 2671]]
PHONE tel:[[13812345678]]
PHONE TEL[[13812345678]]
PHONE 手机/微信同号[[13812345678]]
PHONE [[13812345678]]（微信同号）
PHONE 张三[[13812345678]]李四
PHONE 联系电话：[[138,1234,5678]]
PHONE 手机[[138/1234/5678]]
PHONE 手机[[138*1234*5678]]
PHONE 手机[[138_1234_5678]]
PHONE 电话(李)[[87900727]]
PHONE 修理电梯[[13812345678]]
PHONE 打[[0.2.8.8.5.5.1.7.7.4.3]]找他
PHONE 群发号[[1б6 4417 2083]]
PHONE 贴出来[[18797419722]][[008618029011530]]
PHONE 电话[[15996572458]]、[[010-83371295转896]]
PHONE 短信发[[1\u20e33\u20e38\u20e312345678]]
PHONE 知情者[[86-17765613148]]
PLATE 车牌[[粤B12345]]
PLATE [[粤B·12345]]
PLATE [[粤 B 1 2 3 4 5]]违停
PLATE [[粤b12345]]停在
PLATE [[粤BD12345]]新能源
PLATE [[沪AD12345]]
PLATE [[湘A12345F]]充电
PLATE [[京A1234警]]
PLATE [[粤Z1234港]]
PLATE [[粤Z1234澳]]
PLATE [[苏E1234学]]
PLATE [[皖K1234挂]]
PLATE [[蘇E12345]]
PLATE [[滬A·A1B23]]
PLATE [[豫E M2000]]
PLATE 牌照[[浙Ａ８８８８８]]
PLATE [[鲁-B-12345]]
PLATE [[粤B一二三四五]]
PLATE [[WJ沪12345]]
PLATE [[WJ·01·12345]]
PLATE 车牌号[[A12345]]的
PLATE 车牌[[京·A 88 888]]
PLATE 小车[[川A\u200b12\u200b345]]
PLATE [[鲁 B · 7 K 3 5 9]] 挪车
PLATE [[皖 A - D 0 8 8 2 7]]
PLATE [[京牌A 洞幺拐K五]]
BANK_CARD 卡号[[6228485511848733318]]
BANK_CARD 向[[6253 6263 6441 8551]]转账
BANK_CARD 银行卡[[6228-4855-1184-8733-318]]
BANK_CARD 银行账户[[6222 0212 3456 7890 123]]
BANK_CARD 收款账号：[[1234567890123456]]
BANK_CARD 工行卡[[6222.0212.3456.7890.123]]
BANK_CARD 打到[[六二二八四八五五一一八四八七三三三一八]]
BANK_CARD 卡[[６２２８４８５５１１８４８７３３３１８]]
BANK_CARD 存折账号[[1234567890123]]
BANK_CARD 卡号分别为[[6228 4864 5403 4921]]、[[6222026973792108]]
BANK_CARD 惠农一卡通[[6228488300558603011]]
USCC 统一社会信用代码[[91110000600037341L]]
USCC 信用代码：[[52150102UD024X218A]]
USCC 企业[[91110000600037341L]]被处罚
USCC 信用代码[[9111 0000 6000 3734 1L]]
USCC 税号[[91110000600037341X]]错
USCC 信用代码[[91110000600037341l]]
USCC 公司代码[[91420106MA4KX9R76Q]]，
USCC [[9131 0104 MA1F R3K9 93]]，壳公司
TRAVEL_DOC 护照[[E12345678]]
TRAVEL_DOC 护照号码：[[G16216477]]
TRAVEL_DOC 持护照[[EA1234567]]入境
TRAVEL_DOC 港澳通行证[[C12345678]]
TRAVEL_DOC 往来港澳通行证[[W12345678]]
TRAVEL_DOC 港澳居民来往内地通行证[[H12345678]]
TRAVEL_DOC 回乡证[[M1234567801]]
TRAVEL_DOC 台胞证[[12345678]]
TRAVEL_DOC 台胞证号[[1234567801]]
TRAVEL_DOC 外国护照[[TR1234567]]
TRAVEL_DOC 护照 [[M 1234 5678]]
TRAVEL_DOC 美国护照[[123456789]]
TRAVEL_DOC 永久居留证[[USA110123456789]]
TRAVEL_DOC 护照[[ｅ１２３４５６７８]]
TRAVEL_DOC 通行证号码[[T12345678]]
TRAVEL_DOC 香港身份证[[A123456(7)]]
TRAVEL_DOC 护照[[E一二三四五六七八]]
TRAVEL_DOC 台胞来电，证件[[01947738]]
TRAVEL_DOC 护照上却是别的名字，号码[[XDB402817]]
TRAVEL_DOC 持[[G67990605]]过关
TRAVEL_DOC 护照[[E 4 7 · 0 1 9 · 3 6 2]]
TRAVEL_DOC 残疾证号[[A12345678]]
EMAIL 邮箱[[9718147@qq.com]]
EMAIL 邮箱：[[li.xiao-hua_88@mail.example.com.cn]]，
EMAIL [[abc123＠163.com]]
EMAIL [[abc123(at)163.com]]
EMAIL [[abc123#qq.com]]
EMAIL [[abc艾特qq点com]]
EMAIL [[abc @ qq.com]]
EMAIL 写到[[yanyu2010 # 163 . com]]
IM_ID 微信[[wxid_qnfkkjbdo6y]]
IM_ID 微信号：[[lixiaohua88]]
IM_ID 加我微信[[abc_1234]]
IM_ID 薇信[[abc1234]]
IM_ID v信[[abc1234]]
IM_ID V信：[[abc1234]]
IM_ID vx：[[abc1234]]
IM_ID VX[[abc1234]]
IM_ID 加v[[abc1234]]
IM_ID wx[[13812345678]]
IM_ID 威信[[abc-1234]]
IM_ID 微信(号[[a123456]])
IM_ID QQ[[714122503]]
IM_ID QQ：[[714122503]]
IM_ID qq号是[[714 122 503]]
IM_ID 扣扣[[七一四一二二五零三]]
IM_ID 扣扣号[[714122503]]
IM_ID 企鹅号[[714122503]]
IM_ID q q [[714122503]]
IM_ID 微 信 [[abc1234]]
IM_ID 微信是[[zhangsan]]
IM_ID [[abc_1234]]是我微信
IM_ID 加Q[[714122503]]
IM_ID V❤[[abc1234]]
IM_ID 微信号[[714122503]]
IM_ID 他的微信叫[[Lucky-2020]]
IM_ID 加 v 信 [[lulu😊_777x]]
IM_ID 加我[[piao_piao.168]]
IM_ID 要发票的加薇，[[zhao_hong3364]]
IM_ID QQ空间[[2904120]]还在
IM_ID 他的Q/Q｜[[203797]]｜
IM_ID 问：微信号？答：[[li-xiao340]]
IM_ID 微信名“岁月”，号[[abc_882]]
PROPERTY_CERT 产权证[[长房权证岳麓字第971002011号]]在
PROPERTY_CERT [[湘(2019)长沙市不动产权第0012345号]]
PROPERTY_CERT 持[[京房权证朝字第123456号]]
PROPERTY_CERT [[X京房权证朝字第123456号]]
PROPERTY_CERT [[沪房地浦字（2005）第012345号]]
PROPERTY_CERT [[粤房地证字第C1234567号]]
PROPERTY_CERT [[深房地字第4000123456号]]
PROPERTY_CERT 土地证[[长国用(2010)第012345号]]
PROPERTY_CERT 不动产权证号[[0012345678]]
PROPERTY_CERT [[浙（2021）杭州市不动产权第 0123456 号]]
PROPERTY_CERT 房产证号：[[1234567890]]
PROPERTY_CERT [[杭房权证西移字第11012345号]]
PROPERTY_CERT 草场证[[锡草证字（1998）第02177号]]
PROPERTY_CERT 房本[[浙 (2018) 宁波市 不动产权 第 00 62 318 号]]
HUKOU_NO 户号[[107569007]]
HUKOU_NO 户口本编号[[107569007]]
HUKOU_NO 户口簿号：[[A107569007]]
HUKOU_NO 户籍号为[[107569007]]
HUKOU_NO 户號[[１０７５６９００７]]
HUKOU_NO 家庭户号 [[107 569 007]]
HUKOU_NO 户号应为[[310882045]]而非
HUKOU_NO 户籍页（[[107569007]]）有记载
HUKOU_NO 拆着写户号[[510-623-047]]
HOUSE_CODE 房屋编码[[5401025614897071248]]
HOUSE_CODE 房屋编号：[[540102-5614-897]]
HOUSE_CODE 地址编码[[5401025614897071]]
HOUSE_CODE 房屋代码 [[FW540102561489]]
HOUSE_CODE 此屋编码[[430 1020 0400 1577 3806 2]]，
HOUSE_CODE 三套廉租房，房号是[[4403061251856208489]]、[[4301033790132928446]]
HOUSE_CODE 一标三实编码[[4403061180023377105]]
"""
# One text a line, its kind before it; what is between brackets must be found, and nothing else may be.

NOBODYS = """
热线12345转办
拨打110报警
拨打12110短信
请致电400-820-8820
客服4008208820
电话：400 820 8820
客服95588
来电95588转人工
电话 96110
拨打10086
工单号20240702009988776
编号202403197534727985的诉求
流水号6217008603204721681
订单号13812345678已发货
设备FU321210检测
报告484951959040
报警阀组编号BJF-20190233
国发〔2022〕5号文件
2024年12月16日10时30分至18时
水位13.5-14.2-15.8-16.24米
服务器139.224.12.105宕机
金额13812345678元
共收缴罚款12,345,678.90元
坐标113.264385,23.129112
坐标138.12345678,35.6
第一季度GDP为13812345678万元
办理时间2024-07-02 10:30:00
案号(2021)湘0102民初1234号
长公(治)行罚决字[2021]第0123号
微信公众号“某某发布”
微信公众号csfabu_2020
微信支付5000元
微信群里有200人
QQ群很活跃
微信APP反映
网址www.qq.com
型号HWS-092328
新C1驾驶证
京A座3楼
云A1
新能源补贴12345元
快递单号SF1234567890123
快递单号75312345678901
灭火器编号12345678
房屋面积120平方米
电表号0012345678
发票号码12345678
合同编号HT20240702001
校验码1234567890
G7611次列车
E12345678设备故障
IMEI:863012345678901
条形码6901234567892
价格1999-2999元
2020-2024年
一二三四五六七楼
第二〇二四一二三号
二〇二四年十二月十六日
0.13812345678
比分3-2
3栋2单元401
路灯杆号0731-2024
人均13 812.5 元
12345678个包裹
密码1234
每天8:30-12:00,13:30-17:30
5G基站12345678
12306订票
邮编410000
统计编码430102001001
值班14:00-17:30、9:00-12:00
开奖13 15 22 27 31 8
读数6.25 6.31 6.44 6.58 6.71 6.80
2018 2019 2020 2021年
增长+12.5 30.2 45.1 60.0
温度18.5、19.2、17.8、16.4度
得分15-18-20-22-26-1
比例13:15:17:19:21:2
电话已打通,20240702回复
8月3日8:00至8月9日18:00
1.35,13.5,14.25,1.2
尺寸138*225*3300*50
税率13%,增收5678901元
共13813户、2456人、7890元
门牌13号、15号、17号
行程138公里、12345步、678元
序号1 3 8 1 2 3 4 5 6 7 8 9
2024-07-02 10:30:15.138
航班CA1234、MU5678
K138+500至K139+200
版本1.3.8.1234.5678.900
"""


def found(text: str) -> list[tuple[str, PiiKind]]:
    normal = normalise(text)
    spans = without_overlap(numbers.find(normal))
    return [(text[slice(*normal.span(each.start, each.end))], each.kind) for each in spans]


CASES = [(PiiKind(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in WRITTEN.strip().splitlines()]


@pytest.mark.parametrize(("kind", "marked"), CASES)
def test_what_is_marked_is_found_and_nothing_else(kind: PiiKind, marked: str) -> None:
    wanted = [(each, kind) for each in re.findall(r"\[\[(.*?)\]\]", marked)]
    assert wanted
    assert found(re.sub(r"\[\[|\]\]", "", marked)) == wanted


@pytest.mark.parametrize("text", NOBODYS.strip().splitlines())
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_numbers_that_are_configured_as_public_are_nobodys() -> None:
    normal = normalise("物业24小时电话0731-87900727，经理13812345678")
    public = frozenset({"073187900727"})
    assert [normal.text[each.start : each.end] for each in numbers.find(normal, public)] == ["13812345678"]


def test_every_kind_of_number_is_in_the_table() -> None:
    assert set(PiiKind) - {kind for kind, _ in CASES} == {PiiKind.PERSON, PiiKind.ADDRESS}


@pytest.mark.parametrize(
    ("marked", "kind", "reason"),
    [
        ("身份证330106194103127193", PiiKind.CN_ID, "check digit"),
        ("身份证330106194103127190", PiiKind.CN_ID, "province and date"),
        ("身份证330106194113417190", PiiKind.CN_ID, "wrongly written"),
        ("旧身份证330106410312719", PiiKind.CN_ID, "15 digits: labelled"),
    ],
)
def test_the_reason_says_how_sure_a_resident_id_is(marked: str, kind: PiiKind, reason: str) -> None:
    (span,) = without_overlap(numbers.find(normalise(marked)))
    assert span.kind is kind
    assert reason in span.reason
    assert not re.search("[0-9]{3}", span.reason)
