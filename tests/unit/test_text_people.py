"""Names that something beside them announces are found, and words that look like names are not."""

from __future__ import annotations

import pytest

from policies.text import people
from policies.text.normal import normalise
from policies.text.spans import without_overlap
from policies.text.words import NO_WORDS, Words

pytestmark = pytest.mark.unit


def found(text: str, words: Words = NO_WORDS) -> list[str]:
    normal = normalise(text)
    return [normal.text[each.start : each.end] for each in without_overlap(people.find(normal, words))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("市民曹女士投诉楼下烧烤摊", ["曹女士"]),
        ("常晓娜女士反映楼道被占", ["常晓娜"]),
        ("房师傅先行垫付800元", ["房师傅"]),
        ("欧阳先生和司徒明月老师都到了", ["欧阳先生", "司徒明月"]),
        ("柯主任到场调解", ["柯主任"]),
        ("要求詹阿婆把存款转入安全账户", ["詹阿婆"]),
        ("王副书记带队检查", ["王副书记"]),
        ("刘建国主任主持会议", ["刘建国"]),
        ("老魏说声控灯又坏了", ["老魏"]),
        ("小邱因遛狗与人争吵", ["小邱"]),
        ("入户走访老顾家", ["老顾"]),
        ("张姐说下午再来", ["张姐"]),
        ("刘总承认拖欠工资", ["刘总"]),
        ("当事人王某与李某甲和解", ["王某", "李某甲"]),
        ("来电人廉某某申请退费", ["廉某某"]),
        ("沙吾提·卡迪尔咨询贷款", ["沙吾提·卡迪尔"]),
        ("洛桑次仁反映补贴未到账", ["洛桑次仁"]),
        ("户主尤金凤,户号107569007", ["尤金凤"]),
        ("姓名:高兴,性别女", ["高兴"]),
        ("租客:孙建国、李明华和赵四喜", ["孙建国", "李明华", "赵四喜"]),
        ("我是鄢红,要求公开维修资金", ["鄢红"]),
        ("负责人宗恒签收通知书", ["宗恒"]),
        ("岳家伟等人联名反映", ["岳家伟"]),
        ("崔巧洁驾驶货车运送垃圾", ["崔巧洁"]),
        ("请见面劝阻公冶航", ["公冶航"]),
        ("登记在计春兰名下", ["计春兰"]),
        ("侄子洪志远偶尔来看看", ["洪志远"]),
        ("租客持护照,姓名Garcia Lopez,已报", ["Garcia Lopez"]),
        ("Maria Fernandes女士通过翻译来电", ["Maria Fernandes"]),
        ("王丽女士称其母亲走失", ["王丽"]),
        ("来电人：李明反映噪音", ["李明"]),
        ("那头牛是万老三和余四姑的", ["万老三", "余四姑"]),
        ("@柳依依 明早开会", ["柳依依"]),
        ("李。小。龙欠钱不还", ["李。小。龙"]),
        ("假药是从 邵·是·国 手里买的", ["邵·是·国"]),
        ("夏。侯。珏。兵,谁投的票", ["夏。侯。珏。兵"]),
        ("收款人辛苦,尾号6617", ["辛苦"]),
        ("铁木尔,来自草原", ["铁木尔"]),
        ("谌女士来了,果先生没来", ["谌女士", "果先生"]),
        ("陳美玲女士來電", ["陈美玲"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        *("群众高兴地说路修好了", "马路对面的方便面店", "何时开工请告知", "王牌节目今晚播出", "老师和同学都到了"),
        *("小区门口停车难", "一小时后恢复供水", "老年活动中心周边绿化", "安全员反映隐患", "施工方反映工期紧"),
        *("车主反映车位不足", "商户表示配合", "项目部安排人员值守", "班主任开会", "村支书主持会议", "现任主任已离职"),
        *("石材问题6处", "白天问题2处", "红旗问题5处", "应急问题9处", "高峰期车辆拥堵", "张贴告示12张"),
        *("某小区某单位某些居民", "对于老师的安排", "全体党员同志", "康师傅方便面", "项目经理不在", "万达广场周边"),
        *("居民强烈要求处理", "村民安全意识提高", "业主常年堆放杂物", "老人康复训练", "联系人电话", "负责人单位"),
        *(
            "黄金周客流大",
            "金额已退还",
            "时间另行通知",
            "常住人员登记",
            "单元门损坏",
            "段长巡河",
            "水管爆裂",
            "路人拍照",
            "@所有人 停水",
            "马 到 成 功 万 事 大 吉",
            "谢谢叔叔阿姨",
            "联系人,电话",
            "被告向本院提出",
        ),
    ],
)
def test_words_that_are_no_names(text: str) -> None:
    assert found(text) == []


def test_the_names_of_the_word_list() -> None:
    assert found("阿强今天值班", Words.of(people=["阿强"])) == ["阿强"]
    assert found("阿强今天值班") == []
