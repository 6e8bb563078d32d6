"""An address runs from its first administrative part to its last unit; streets, counts and dates are none."""

from __future__ import annotations

import pytest

from policies.text import places
from policies.text.normal import normalise
from policies.text.words import NO_WORDS, Words

pytestmark = pytest.mark.unit


def found(text: str, words: Words = NO_WORDS) -> list[str]:
    normal = normalise(text)
    return [normal.text[each.start : each.end] for each in places.find(normal, words)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("市民投诉江北区渔帆路77号楼下烧烤摊", "江北区渔帆路77号"),
        ("位置在书苑里3号门口", "书苑里3号"),
        ("老魏说6栋2单元的声控灯又坏了", "6栋2单元"),
        ("现住锦绣江南3期11栋902。", "锦绣江南3期11栋902"),
        ("双河镇柳树村四组村民", "双河镇柳树村四组"),
        ("住址滨河路12弄5号601室。", "滨河路12弄5号601室"),
        ("我是业主,和美家园二区19号楼", "和美家园二区19号楼"),
        ("复函请寄青阳县杨田镇长垅村8组。", "青阳县杨田镇长垅村8组"),
        ("反映杨田镇古井村柳树组64号楼道被占", "杨田镇古井村柳树组64号"),
        ("家住江北区学府街277号阳光里第1幢二单元6楼东户", "江北区学府街277号阳光里第1幢二单元6楼东户"),
        ("收件地址东风路188号锦城大厦B座1906。", "东风路188号锦城大厦B座1906"),
        ("寄到7-2-901,下午送", "7-2-901"),
        ("他住12#502", "12#502"),
        ("就在四门五零二", "四门五零二"),
        ("3号楼402的老人摔倒", "3号楼402"),
        ("在月亮湾16号楼2105附近摔伤", "月亮湾16号楼2105"),
        ("三排8号院门口", "三排8号院"),
        ("住工农兵大院3排8号", "工农兵大院3排8号"),
        ("他住在花园路 3 栋 2 单元 502 室", "花园路 3 栋 2 单元 502 室"),
        ("地址：幸福小区3棟2單元", "幸福小区3栋2单元"),
        ("现住凭祥市南大路219号宾馆608房。", "凭祥市南大路219号宾馆608房"),
        ("火情系桃源居17座阳台起火", "桃源居17座"),
        ("您来团结路46号取", "团结路46号"),
        ("住幸福城28/2901", "幸福城28/2901"),
        ("放13栋5单4层门口", "13栋5单4层"),
        ("嘉定区北新村三生产队的渠", "嘉定区北新村三生产队"),
        ("住天平街道高安路77弄12号甲", "天平街道高安路77弄12号甲"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert found(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        *("在钱塘路增设垃圾桶", "马家沟菜市场周边道路湿滑", "万达路与成功大道交叉口信号灯故障", "翠竹园小区停水"),
        *("8月3日至8月9日暂停开放", "本月12号前缴费", "国发〔2022〕5号文件", "地铁3号线延误", "乘2号电梯到大厅"),
        *("拆除3栋违建", "新建5栋2层楼房", "共8个单元", "张江地铁站2号口", "更换电线30米", "三楼大厅办事"),
        *("比分3-1-2", "日期2024-05-07", "第3组队员", "一组人到场", "编号BJF-20190233", "102国道3公里"),
        *(
            "1号机组检修",
            "5号台风来袭",
            "12路公交车改道",
            "别处八栋都修好了",
            "新增泵站两座",
            "卫生院三楼报告厅",
            "第二人民医院",
            "一号文件精神",
            "3室1厅",
        ),
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert found(text) == []


def test_a_place_of_the_word_list_begins_an_address() -> None:
    assert found("寄到云上的日子77号,请查收", Words.of(places=["云上的日子"])) == ["云上的日子77号"]
    assert found("寄到云上的日子77号,请查收") == []
