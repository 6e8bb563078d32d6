"""Chinese surnames of two characters, which a mask that keeps the surname keeps whole.

Taking one of them for a surname of one character would hide half of the surname and call the rest a given name.
"""

COMPOUND_SURNAMES = (
    "欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟",
    "尉遲", "公孙", "公孫", "慕容", "令狐", "司徒", "司空", "夏侯", "轩辕", "軒轅", "长孙",
    "長孫", "宇文", "鲜于", "鮮于", "闾丘", "閭丘", "南宫", "南宮", "端木", "百里", "呼延",
    "独孤", "獨孤", "申屠", "太史", "澹台", "澹臺", "濮阳", "濮陽", "赫连", "赫連", "钟离",
    "鍾離", "公冶", "亓官", "万俟", "拓跋", "夹谷", "宰父", "谷梁", "東郭", "东郭", "西门",
    "西門", "乐正", "樂正", "壤驷",
    "漆雕", "巫马", "巫馬", "公良", "仲孙", "仲孫", "子车", "颛孙", "即墨", "第五", "淳于", "单于", "單于",
)  # fmt: skip
"""Two-character surnames, simplified and traditional: what keeps a surname keeps both characters."""
