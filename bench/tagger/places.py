"""Invents the addresses of the training prose, each from its first administrative part to its last unit.

A house number, building, unit, room or villagers' group makes an address; a street, estate, park or district alone
does not, and is filled in as text that the tagger must leave alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.tagger.stock import Source

PLACE_FIRST = (
    "东西南北中上下大小新老长平安宁和兴永金银玉石青白红绿清龙凤云天海河江湖山水泉桥林松柳梅桂兰竹花春阳光明华文武义"
    "仁福康泰荣"
)
PLACE_SECOND = (
    "山水河江湖海塘桥坝湾口岭坡沟坪坑洲滩岗堡寨庄营屯店集场园苑城阳安平和兴隆昌盛丰宁泰康乐福庆华光明远达通源泉台塔"
    "井渡门关"
)
ESTATE_ENDS = (
    "小区 小区 小区 花园 花园 家园 苑 苑 公寓 新村 新村 名都 华府 雅苑 嘉园 佳苑 里 东区 西区 一期 二期 社区 "
    "家属院 宿舍 大院 公馆 广场 府 庭 城 御园 豪庭 湾 名邸 三村 二村 安置小区 安置房 公租房 廉租房 员工宿舍 "
    "职工宿舍 保障房"
)
STREET_ENDS = (
    "路 路 路 路 街 街 大道 大街 巷 巷 胡同 弄 东路 西路 南路 北路 中路 一路 二路 三街 里 道 公路 环路 支路 横街 "
    "后街 前街 老街"
)
DISTRICTS = "区 区 区 县 县 市 新区 开发区 高新区 旗 自治县"
TOWNS = "镇 镇 镇 街道 街道 街道 乡 办事处 街道办 社区 苏木"
CITIES = (
    "北京市 上海市 天津市 重庆市 广州市 深圳市 杭州市 成都市 武汉市 西安市 南京市 苏州市 长沙市 郑州市 青岛市 "
    "宁波市 厦门市 福州市 昆明市 合肥市 济南市 大连市 沈阳市 哈尔滨市 长春市 南昌市 南宁市 贵阳市 太原市 石家庄市 "
    "兰州市 海口市 银川市 西宁市 乌鲁木齐市 佛山市 东莞市 无锡市 常州市 温州市 嘉兴市 绍兴市 泉州市 珠海市 中山市 "
    "惠州市 烟台市 潍坊市 临沂市 徐州市 南通市 扬州市 洛阳市 襄阳市 宜昌市"
)
PROVINCES = (
    "河北省 山西省 辽宁省 吉林省 黑龙江省 江苏省 浙江省 安徽省 福建省 江西省 山东省 河南省 湖北省 湖南省 广东省 "
    "海南省 四川省 贵州省 云南省 陕西省 甘肃省 青海省 台湾省 内蒙古自治区 广西壮族自治区 宁夏回族自治区 "
    "新疆维吾尔自治区 西藏自治区 香港特别行政区"
)
VILLAGE_ENDS = "村 村 村 村 庄 屯 寨 湾 社区 居委会 大队 行政村 自然村 家沟 家庄 家村 家坪 家湾 嘎查"
SPOTS = (
    "人民公园 中心广场 火车站 汽车南站 高铁站 菜市场 农贸市场 文化广场 体育馆 图书馆 便民服务中心 村委会 居委会 "
    "派出所 卫生院 社区卫生服务站 农商银行 快递驿站 小学门口 幼儿园 公交站 地铁口 红绿灯路口 加油站 停车场 "
    "地下车库 老年活动中心 篮球场 水库 河堤 桥头 电影院 批发市场 步行街 小超市 早餐店 万达广场 养老院 福利院 "
    "垃圾站 充电桩 祠堂 晒谷场 工业园 物流园 邮局 政务大厅 法院 司法所 社区 小区 楼下 门卫室 中山路口 解放碑 "
    "建国门 雷锋广场 鲁迅公园 黄兴路步行街 张家界 石家庄站 周庄 李家坝水库 王府井 林业站 马家浜 陈家祠 杨梅岭 "
    "高新区管委会"
)
BRANDS = (
    "华联 永辉 鑫源 宏达 恒大 万科 碧桂园 保利 顺丰 中通 圆通 京东 美团 兴业 建设 农业 工商 同仁堂 李宁 王老吉 "
    "张小泉 陈记 王记 老张 李记 周黑鸭 马应龙 天安 金鼎 鼎盛 旺旺 康佳 海尔 格力 大地 平安 太平洋 人寿 诚信 宏图 "
    "瑞丰 新希望 东方红 蓝天 白云 长江 黄河 金龙 福满家 云川 绿源 众诚 百姓 惠民 便民 安居 乐居 佳美 晨光 阳光 "
    "星光 时代 明珠 华夏 中兴 兴隆 利民 康宁 仁爱 博爱 协和 育才 实验 希望 红旗"
)
ORG_ENDS = (
    "有限公司 有限责任公司 科技有限公司 物业公司 物业 物业服务有限公司 超市 便利店 饭店 烧烤店 小吃店 面馆 火锅店 "
    "牛肉馆 理发店 药店 药房 诊所 医院 人民医院 中医院 卫生院 小学 中学 一中 幼儿园 职校 大学 银行 支行 信用社 "
    "保险公司 建筑公司 劳务公司 装修公司 中介 房产中介 宾馆 酒店 网吧 驾校 工厂 服装厂 机械厂 砖厂 合作社 养殖场 "
    "快递 物流 派出所 法院 检察院 律师事务所 司法所 居委会 村委会 街道办 服务中心 工作室 培训中心"
)
COUNT = "一二三四五六七八九十"
FAMILIES = "张王李赵刘陈杨黄周吴徐孙马朱胡郭何林高罗梁宋谢韩唐冯董程曹袁邓许傅沈曾彭吕"
FAMILY_ENDS = ("家村", "庄村", "家庄", "家湾村", "家沟", "家坪村", "寨村", "村")
SIDES = "东 西 南 北 东侧 西侧 左 右 前 后 中间"


def word(source: Source, size: int = 2) -> str:
    """A word of the kind that streets and estates are named with, half of them ordinary words."""
    if source.random() < 0.45:
        return source.choice(source.stock.nouns)
    if size == 1:
        return source.choice(PLACE_FIRST)
    if size == 3:
        return source.choice(PLACE_FIRST) + source.choice(PLACE_SECOND) + source.choice(PLACE_SECOND)
    return source.choice(PLACE_FIRST) + source.choice(PLACE_FIRST + PLACE_SECOND)


def chinese_number(source: Source, top: int = 20) -> str:
    """A small number in Chinese numerals."""
    value = source.randint(1, top)
    tens, ones = divmod(value, 10)
    if not tens:
        return COUNT[ones - 1]
    return (COUNT[tens - 1] if tens > 1 else "") + "十" + (COUNT[ones - 1] if ones else "")


def number(source: Source, top: int = 99) -> str:
    """A small number, mostly in digits."""
    draw = source.random()
    if draw < 0.12:
        return chinese_number(source, min(top, 30))
    if draw < 0.17:
        return source.choice("ABCDEF") + str(source.randint(1, min(top, 20)))
    return str(source.randint(1, top))


def room(source: Source) -> str:
    """A room: 502, 1203室, 三零一, 六楼东户."""
    digits = f"{source.randint(1, 32)}{source.randint(0, 1)}{source.randint(1, 9)}"
    draw = source.random()
    if draw < 0.08:
        return "".join("零一二三四五六七八九"[int(each)] for each in digits) + source.choice(("", "室", "号"))
    if draw < 0.2:
        return (
            number(source, 30)
            + source.choice(("楼", "层"))
            + source.choice(SIDES.split())
            + source.choice("户户户门边")
        )
    if draw < 0.26:
        return source.choice(SIDES.split()[:4]) + "户"
    return digits + source.choice(("", "室", "室", "号", "房", "号房", "户", "房间"))


def building(source: Source) -> str:
    """A building of an estate, and its unit if it has one."""
    made = number(source, 40) + source.choice(("栋", "栋", "幢", "号楼", "号楼", "座", "#", "#楼", "号", "楼"))
    if source.random() < 0.55:
        made += number(source, 6) + source.choice(("单元", "单元", "单元", "门", "梯", "单", "号门", "门洞"))
    return made


def short(source: Source) -> str:
    """An address without its street: 6栋2单元, 6-2-901, 12#502, 四门五零二, 3号楼402."""
    draw = source.random()
    dash = source.choice("------–—/—")
    if draw < 0.18:
        parts = [number(source, 40), str(source.randint(1, 6)), f"{source.randint(1, 32)}0{source.randint(1, 6)}"]
        return dash.join(parts if source.random() < 0.7 else parts[::2]) + source.choice(("", "", "室", "号"))
    if draw < 0.24:
        return f"{source.randint(1, 40)}#{source.choice(('', '楼'))}{source.randint(1, 20)}0{source.randint(1, 6)}"
    if draw < 0.29:
        return source.choice(COUNT) + source.choice("门栋单") + room(source)
    if draw < 0.52:
        return rarer(source)
    return building(source) + room(source)


def rarer(source: Source) -> str:
    """An address without its street in a less usual form: 3排8号, A3栋顶楼, 5楼502, 西区3栋201."""
    draw = source.random()
    if draw < 0.45:
        return building(source) + source.choice(("", number(source, 30) + source.choice("楼层")))
    if draw < 0.62:
        return number(source, 30) + source.choice(("楼", "层")) + room(source)
    if draw < 0.71:
        return number(source, 30) + "排" + number(source, 20) + "号"
    if draw < 0.8:
        return building(source) + source.choice(("顶楼", "顶层", "一楼", "二楼", "底层", "地下室", "阁楼", "顶层左手"))
    return source.choice("东西南北AB甲乙") + "区" + building(source) + room(source)


def street(source: Source) -> str:
    """A street alone, now and then one with a number in its name (建设二马路, 学院路二段, 科创九街)."""
    made = word(source, source.choice((2, 2, 2, 3, 1)))
    draw = source.random()
    if draw < 0.06:
        return made + source.choice(COUNT) + source.choice(("马路", "街", "路", "巷", "条", "道", "环路"))
    if draw < 0.09:
        return made + source.choice(("路", "街", "大道")) + source.choice(COUNT[:6]) + source.choice(("段", "巷", "弄"))
    if draw < 0.11:
        return source.choice("经纬") + source.choice(COUNT) + "路"
    return made + source.choice(STREET_ENDS.split())


def estate(source: Source) -> str:
    """An estate alone."""
    made = word(source, source.choice((2, 2, 2, 3))) + source.choice(ESTATE_ENDS.split())
    if source.random() < 0.08:
        made += source.choice(COUNT[:5]) + source.choice(("期", "区", "区", "村", "坊"))
    return made


def district(source: Source) -> str:
    """A district or county alone."""
    if source.random() < 0.6:
        return source.choice(source.stock.regions)[2]
    return word(source, source.choice((2, 2, 2, 1))) + source.choice(DISTRICTS.split())


def town(source: Source) -> str:
    """A town, township or street office alone."""
    if source.random() < 0.6:
        return source.choice(source.stock.regions)[3]
    return word(source) + source.choice(TOWNS.split())


def village(source: Source) -> str:
    """A village alone."""
    draw = source.random()
    if draw < 0.5:
        return source.choice(source.stock.regions)[4]
    if draw < 0.65:
        return source.choice(FAMILIES) + source.choice(FAMILY_ENDS)
    return word(source, source.choice((2, 2, 3))) + source.choice(VILLAGE_ENDS.split())


def region(source: Source) -> str:
    """The administrative parts before a street: none, one or several, the first ones as often left out."""
    real = source.choice(source.stock.regions)
    keep = source.choice(((), (), (), (), (2,), (2,), (3,), (2, 3), (1, 2), (1, 2, 3), (0, 1, 2), (0, 1, 2, 3), (1,)))
    made = "".join(real[each] for each in keep)
    if keep == (2,) and source.random() < 0.4:
        made = district(source)
    if source.random() < 0.05:
        made = made.replace("省", "").replace("市", "")
    return made


def house(source: Source) -> str:
    """A house number: 12号, 33号附5号, 甲7号, 12号之3, 219号院."""
    draw = source.random()
    made = number(source, 900)
    if draw < 0.12:
        return (
            made + source.choice(("号附", "号-", "号之", "附")) + number(source, 20) + source.choice(("号", "号", ""))
        )
    if draw < 0.16:
        return source.choice("甲乙丙") + made + "号"
    if draw < 0.18:
        return "".join("零壹贰叁肆伍陆柒捌玖"[int(each)] for each in made if each.isdigit()) + "号"
    return made + source.choice(("号", "号", "号", "号", "号", "号院", "弄", "-1号", "之一"))


def numbered(source: Source) -> str:
    """A street with a house number, or an estate with a building."""
    made = street(source) + house(source)
    draw = source.random()
    if draw < 0.38:
        return made
    if draw < 0.7:
        return made + estate(source) + short(source)
    if draw < 0.76:
        inn = source.choice(("宾馆", "酒店", "旅馆", "招待所", "宿舍", "公寓", "商铺", "门面", "门面房"))
        return (
            made
            + (word(source) if source.random() < 0.5 else "")
            + inn
            + (room(source) if inn[0] not in "商门" else "")
        )
    if draw < 0.8:
        return made + source.choice(("一楼", "二楼", "三楼", "后院", "地下室", "顶楼"))
    return made + short(source)


def full(source: Source) -> str:
    """A whole address of a town."""
    draw = source.random()
    if draw < 0.40:
        return region(source) + numbered(source)
    if draw < 0.82:
        return region(source) + estate(source) + short(source)
    if draw < 0.88:
        return (
            region(source)
            + source.choice(SPOTS.split()[:24])
            + source.choice(("后面", "旁", "对面", "东侧"))
            + short(source)
        )
    if draw < 0.92:
        return f"{street(source)}与{street(source)}交叉口{estate(source)}{short(source)}"
    return rural(source)


def rural(source: Source) -> str:
    """A village group or a house of a village."""
    made = town(source) if source.random() < 0.35 else ""
    if source.random() < 0.2:
        made = district(source) + made
    made += village(source)
    draw = source.random()
    group = number(source, 20) if source.random() < 0.6 else chinese_number(source, 15)
    if draw < 0.6:
        made += (
            ("第" if source.random() < 0.1 else "")
            + group
            + source.choice(("组", "组", "社", "队", "小组", "村民小组", "生产队"))
        )
        if source.random() < 0.45:
            made += number(source, 199) + source.choice(("号", "号", "户"))
    elif draw < 0.9:
        made += number(source, 299) + "号"
    else:
        made += (
            source.choice(("东头", "村东", "村西", "北街", "后街", "中街", "上屋", "老屋")) + number(source, 99) + "号"
        )
    return made


def spot(source: Source) -> str:
    """A place that anyone may know."""
    return (word(source) if source.random() < 0.35 else "") + source.choice(SPOTS.split())


def organisation(source: Source) -> str:
    """A firm, school, hospital or office; some carry a name of a person."""
    draw = source.random()
    where = source.choice((district, town, village))(source) if draw < 0.3 else ""
    middle = source.choice(BRANDS.split()) if source.random() < 0.6 else word(source)
    return where + middle + source.choice(ORG_ENDS.split())


ALONE: Sequence[Callable[[Source], str]] = (street, estate, district, town, village, spot)
