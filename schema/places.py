"""Declares regions (行政区划与网格): the administrative tree from province to grid, of variable depth.

Codes are those of GB/T 2260 (county and above) and GB/T 10114 (below the county).
"""

from schema.catalogue import Edge, Entity, Field, Grade, Kind, RegionLevel, Scalar

REGION = Entity(
    "Region",
    "regions",
    "行政区划与网格",
    "An administrative division or grid",
    1,
    (
        Field(
            "code",
            Scalar.STRING,
            "行政区划代码",
            "Official code",
            Kind.CODE,
            indexed=True,
            source="civil-affairs",
        ),
        Field("name", Scalar.STRING, "区划名称", "Name", Kind.CODE, source="civil-affairs"),
        Field(
            "level",
            Scalar.ENUM,
            "区划级别",
            "Level",
            Kind.CODE,
            values=tuple(RegionLevel),
            indexed=True,
            source="civil-affairs",
        ),
        Field("region", Scalar.REGION, "辖区路径", "Path of the division, each segment ending in /", Kind.REGION),
        Field("validFrom", Scalar.DATE, "生效日期", "In force from", Kind.TIME, source="civil-affairs"),
        Field(
            "validTo",
            Scalar.DATE,
            "失效日期",
            "In force until",
            Kind.TIME,
            Grade.GENERAL_1,
            source="civil-affairs",
        ),
    ),
)

EDGES = (
    Edge(
        "PART_OF",
        "Region",
        "parent",
        False,
        "Region",
        "children",
        True,
        "上级区划",
        "The division it is part of",
        "下级区划",
        "The divisions directly below",
    ),
)
