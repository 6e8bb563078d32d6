"""Invents the people of the training prose: surnames by how common they are, given names of four kinds.

The network must learn a name from its surname and its surroundings, not from a list of given names. So a given name is
one of four things: characters that are common in names, any common character, an ordinary word (高兴, 国庆, 向阳), or
characters that are rare.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.tagger.stock import Source

# Shares of the hundred commonest surnames, in per mille of the population, roughly.
COMMON = (
    "王72 李70 张66 刘54 陈45 杨31 黄22 赵21 吴20 周19 徐17 孙15 马14 朱13 胡13 郭12 何12 高11 林11 罗10 郑9 梁9 "
    "谢7 宋7 唐7 许6 韩6 冯6 邓6 曹6 彭6 曾6 肖6 田6 董5 袁5 潘5 于5 蒋5 蔡5 余5 杜5 叶5 程5 苏5 魏5 吕5 丁4 任4 "
    "沈4 姚4 卢4 姜4 崔4 钟4 谭4 陆4 汪4 范4 金4 石4 廖4 贾3 夏3 韦3 付3 方3 白3 邹3 孟3 熊3 秦3 邱3 江3 尹3 薛3 "
    "闫3 段3 雷3 侯3 龙3 史3 陶3 黎3 贺3 顾3 毛3 郝3 龚3 邵3 万3 钱3 严3 覃3 武3 戴3 莫2 孔2 向2 汤2"
)
RARER = (
    "温常康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗"
    "谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏"
    "席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝封官谈匡鞠惠荆乐冀郁胥"
    "南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门"
    "云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居"
    "揭干但尉冶斯元束檀衣信展阴昝智幸奉植富尧闭由逄麴庾雒隗滑步操别令书药母来迟年归宓乜糜蔚介兹公言游黄百里第释妙区"
    "蒯郗郏竺迮訾佘汝爱红贝生铁海"
)
COMPOUND = (
    "欧阳 司马 上官 诸葛 司徒 东方 皇甫 尉迟 慕容 令狐 夏侯 公孙 轩辕 端木 独孤 南宫 闻人 宇文 长孙 钟离 澹台 完颜 "
    "呼延 申屠"
)
NAMELY = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华建国志文斌玲红梅春晓波辉婷宇浩雪梦琪雨欣怡佳嘉俊子轩梓涵晨阳"
    "旭东海峰林森鑫玉凤珍莲素云爱荣美琴燕凯博思远天佑泽宏振兴德福贵发财生根宝金银水土木火秋冬夏月星光亮大小长永安康"
    "健庆喜乐和祥瑞吉利仁义礼智信忠孝廉正直中立成才学习勤俭良善友诚真心如意家人民卫兵跃进援朝抗美解放新社会改革开卉"
    "菊花香芝萍蓉莉茜薇蕾菲莹雯倩颖慧淑惠贤婉柔娇媚媛妮娅瑶瑾瑜璐琳琦珊珂珠翠碧青蓝紫彤丹虹霖霏震霆雷电风雄豪杰英俊"
    "彦群毅坚石岩山岳峻川江河湖洪清源泉润泊沛济涵淼渊澄帆舟航鹏飞翔翼鸿雁鹤鹰龙虎豹骏马骥玮珏琨璋琛瑛璇曦晖昊昱昕晗"
    "晟旻炜炎烨焕煜熙灿煌炳焱松柏桐杨柳枫楠梁栋彬彪武斯承启绍继先贤尧舜禹卓越超凡非凌云霄九千万百双全满堂存厚培本立"
    "业兆丰年登科第元勋功臣相廷翰墨书画琪棋诗咏歌舞笛笙竹菁芸苗茂盛蓬勃萌芽"
)
WORDS = (
    "高兴 向阳 国庆 和平 建设 胜利 团结 光明 前进 解放 文化 自强 永远 长青 友谊 诚信 平安 幸福 健康 快乐 阳光 春天 "
    "黎明 朝阳 海洋 江山 森林 石头 铁柱 金山 银山 大山 小河 小雨 小雪 小月 冬雪 秋月 春风 春雨 清明 立春 立冬 谷雨 "
    "夏至 端阳 中秋 有才 有福 来福 来喜 满仓 满囤 进宝 招弟 来弟 改革 跃进 卫国 卫东 爱民 拥军 保国 学军 学文 学农 "
    "红旗 红星 红军 红专 东风 东升 天明 天亮 大勇 大明 大成 小龙 小虎 成功 成才 成果 理想 梦想 希望 未来 明天 星辰 "
    "宇宙 天空 白云 彩云 云飞 晓晓 明明 亮亮 乐乐 欢欢 莹莹 圆圆 方正 正义 正气 公平 公正 大伟 开心 如意 吉祥 顺利 "
    "安全 安静 宁静 温柔 美丽 子涵 一诺 可欣 可可 果果 一鸣 三喜 四海 五湖 六一 七斤 八斤 九思 十全 百川 千里 万里 "
    "双喜 双全 重阳 元旦 腊梅 水生 火生 木生 土生 根生 路生 桥生 船生 车行 道远 道明 时代 时光 当年 常在 长久 长安 "
    "长江 黄河 泰山 昆仑 中华 中国 世界 人杰 地灵 物华 天宝 书记 主任 院长 师傅 老师 小区 广场 马路 花园 花样 丹丹 "
    "文明 文件 文章 章程 章节 史册 年华 岁月 金钱 银行 钱程 万一 万全 于是 余地 何必 何时 何处 关心 关于 关门 方便 "
    "方向 方法 向前 向上 向东 时间 时候 常理 和气 和谐 应当 应该 成立 成绩 严肃 严格 程度 程序 过程 高度 高级 温度 "
    "温暖 白天 白雪 白纸 车辆 车站 路口 路灯 房子 房东"
)
TITLES = (
    "女士 先生 小姐 主任 书记 师傅 老师 医生 大夫 护士 警官 所长 队长 科长 局长 经理 老板 老板娘 大爷 大妈 大娘 "
    "大叔 大婶 阿姨 叔叔 爷爷 奶奶 大哥 大姐 哥 姐 叔 婶 伯 伯伯 姨 嫂 嫂子 总 工 村长 组长 站长 院长 校长 教授 "
    "律师 法官 检察官 会计 出纳 园长 镇长 乡长 区长 县长 市长 部长 处长 厂长 店长 馆长 社长 班长 排长 连长 同志 "
    "同学 婆婆 公公 老太 老太太 老汉 老头 大伯 大嫂 二叔 三叔 二哥 二姐 三婶 管家 保安 社工 调解员 网格员 干事 "
    "委员 支书 代表 房东 阿婆 阿伯 阿公 阿叔 阿嫂 伯母 太太 姑娘 小伙 老弟 老哥 法官 检察长 庭长 辅警 民警 工头 "
    "老板 教练 导师 班主任 副主任 副书记 副所长 副局长 妹 弟 队 处 科 所 导 妈妈 爸爸 妈 爸 母 父 妻 父亲 母亲 "
    "家嫂子 家大嫂 老先生 大个 叔叔 妈妈 爷 奶 氏 老栓 阿妈 阿嬷 伯 姐姐 哥哥 师母 副镇长 副乡长 秘书 店主 掌柜"
)
FOREIGN = (
    "阿布都 阿依古丽 买买提 艾力 吐尔逊 古丽娜尔 热依汗 玉素甫 木拉提 努尔 帕提古丽 卡德尔 依明 艾合买提 扎西 卓玛 "
    "次仁 多吉 才让 尼玛 达瓦 拉姆 旺堆 央金 巴特尔 其其格 乌云 娜仁 图雅 苏和 萨仁 阿尔斯楞 那日苏 马克 安娜 玛丽 "
    "约翰 大卫 彼得 史密斯 威廉 伊万 诺夫 索菲亚 爱丽丝 卡洛斯 迭戈 费尔南多 穆罕默德 阿里 哈桑 法蒂玛 伊布拉欣 "
    "加西亚 罗德里格斯 布朗 怀特 米勒"
)
LATIN = (
    "Mike Chen Anna Smith John Maria Garcia Kim Park Lee Ahmed Ivan Petrov Sophie Martin David Wong Emily Brown "
    "Nguyen Van Tran Thi Ali Hassan Peter Tom"
)
TURKIC = "阿艾买提江努尔吐逊热依木拉卡德古丽布都克孜玉素甫亚森麦海沙地力帕萨比哈吾斯迪娜赛扎图荪汗"
MONGOLIC = (
    "巴特尔其格乌云娜仁图雅苏和萨仁朝鲁宝音孟克格日勒那顺布赫扎西卓玛次仁多吉才让尼玛达瓦拉姆旺堆央金丹增贡嘎沙马阿"
    "依木呷吉克日布"
)
WESTERN = "克斯特尔夫娜丽亚德罗伊万安约翰马里奥卡洛森顿莱恩费尔南多巴布朗史密弗兰西莫桑妮艾伦索菲卢贝丹尼戴维罗伯茨"
NICK_ENDS = "子 儿 哥 姐 仔 妹 娃 叔 婶 嫂 爷"
ORDINALS = "甲乙丙丁戊"


def _weighted(common: str) -> tuple[list[str], list[int]]:
    parts = common.split()
    return [each[0] for each in parts], [int(each[1:]) for each in parts]


SURNAMES, WEIGHTS = _weighted(COMMON)
WORD_NAMES = WORDS.split()
TITLE_LIST = TITLES.split()
TITLE_STARTS = tuple({each[0] for each in TITLE_LIST})


@dataclass(frozen=True, slots=True)
class Invented:
    """One person of a text: a surname, a given name and the form of address he is met with."""

    surname: str
    given: str
    title: str


def surname(source: Source, rare: float = 0.36) -> str:
    """A surname; `rare` is the share of those outside the hundred commonest."""
    draw = source.random()
    if draw < 0.05:
        return source.choice(COMPOUND.split())
    if draw < rare:
        return source.choice(RARER)
    if draw < rare + 0.12:
        return source.choice(SURNAMES)
    return source.choices(SURNAMES, WEIGHTS)[0]


def given(source: Source) -> str:
    """A given name of one or two characters, seldom three."""
    draw = source.random()
    if draw < 0.12:
        return source.choice(WORD_NAMES)
    if draw < 0.20:
        return source.choice(NAMELY) * 2
    size = 1 if draw < 0.43 else 2 if draw < 0.98 else 3
    return "".join(source.choice(source.stock.wide if source.random() < 0.25 else NAMELY) for _ in range(size))


def invented(source: Source) -> Invented:
    """One person; one in seven is called like an ordinary word."""
    draw = source.random()
    title = source.choice(TITLE_LIST)
    if draw < 0.14:
        word = source.choice(source.stock.words)
        return Invented(word[0], word[1:], title)
    if draw < 0.17:
        return Invented(surname(source) + surname(source), given(source), title)
    return Invented(surname(source), given(source), title)


def addressed(person: Invented, source: Source) -> str:
    """A surname with its form of address: 张女士, 老刘, 小王, 李建国师傅 never."""
    draw = source.random()
    if draw < 0.22 and len(person.surname) == 1:
        return source.choice("老老老小小小大阿") + person.surname
    if draw < 0.26 and len(person.surname) == 1:
        return person.surname + source.choice("老工总公婆")
    return person.surname + person.title


def hidden(person: Invented, source: Source) -> str:
    """A name as reports hide it: 张某, 张某某, 李某甲, 张XX, 王*."""
    one_of_many = (source.choice(ORDINALS), person.given[-1], "1", "女", "")
    tails = ("某", "某", "某某", "某某", "某" + source.choice(one_of_many), "XX", "xx", "×", "××", "**", "*")
    return person.surname + source.choice(tails)


def nickname(source: Source) -> str:
    """A bare nickname: 阿强, 强子, 老三, 小胖."""
    draw = source.random()
    if draw < 0.4:
        return "阿" + source.choice(NAMELY)
    if draw < 0.7:
        return source.choice(NAMELY) + source.choice(NICK_ENDS.split())
    return source.choice("老小大二") + source.choice("三四五六七胖黑宝毛")


def minority(source: Source) -> str:
    """A name with a dot between its parts."""
    dot = source.choice("······•.・")
    return dot.join(transcribed(source) for _ in range(2 if source.random() < 0.9 else 3))


def transcribed(source: Source) -> str:
    """A name of another language in Chinese characters, one part of it."""
    if source.random() < 0.35:
        return source.choice(FOREIGN.split())
    sounds = TURKIC if source.random() < 0.5 else MONGOLIC if source.random() < 0.6 else WESTERN
    return "".join(source.choice(sounds) for _ in range(source.choice((2, 3, 3, 4, 4, 5))))


def latin(source: Source) -> str:
    """A name in Latin letters."""
    words = source.sample(LATIN.split(), 2)
    return source.choice((" ".join(words), " ".join(words).upper(), words[0]))
