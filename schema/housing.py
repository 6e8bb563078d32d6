"""Declares buildings (楼栋) and dwellings (房屋), and the grid in which they stand."""

from schema.catalogue import Bucket, Edge, Entity, Field, Grade, Kind, RegionLevel, Scalar

REGION_BUCKETS = (
    Bucket("regionStreet", "region", RegionLevel.STREET),
    Bucket("regionCommunity", "region", RegionLevel.COMMUNITY),
    Bucket("regionGrid", "region", RegionLevel.GRID),
)
ADDRESS_MASKS = ("redact", "address(street)", "address(estate)")
REGION_MASKS = ("redact", "region(DISTRICT)", "region(STREET)", "region(COMMUNITY)")

REGION = Field(
    "region",
    Scalar.REGION,
    "所属网格",
    "Region path of its grid",
    Kind.REGION,
    masks=REGION_MASKS,
    buckets=REGION_BUCKETS,
    indexed=True,
    source="housing",
)

BUILDING = Entity(
    "Building",
    "buildings",
    "楼栋",
    "A building",
    2,
    (
        Field("code", Scalar.STRING, "楼栋编码", "Building number", Kind.CODE, indexed=True, source="housing"),
        Field("name", Scalar.STRING, "楼栋名称", "Name", Kind.CODE, source="housing"),
        Field(
            "address",
            Scalar.STRING,
            "标准地址",
            "Address",
            Kind.ADDRESS,
            Grade.GENERAL_2,
            source="housing",
            masks=ADDRESS_MASKS,
        ),
        Field("floors", Scalar.INT, "层数", "Number of floors", Kind.QUANTITY, source="housing"),
        Field("builtYear", Scalar.INT, "建成年份", "Year of completion", Kind.TIME, source="housing"),
        REGION,
    ),
    subjects=("dwellings", "residents"),
)

DWELLING = Entity(
    "Dwelling",
    "dwellings",
    "实有房屋",
    "A flat or house that people live in",
    3,
    (
        Field("code", Scalar.STRING, "房屋编码", "Dwelling number", Kind.CODE, indexed=True, source="housing"),
        Field(
            "unitNo",
            Scalar.STRING,
            "单元号",
            "Entrance",
            Kind.ADDRESS,
            Grade.GENERAL_3,
            personal=True,
            source="housing",
            masks=("redact",),
        ),
        Field(
            "roomNo",
            Scalar.STRING,
            "房号",
            "Room number",
            Kind.ADDRESS,
            Grade.GENERAL_3,
            personal=True,
            source="housing",
            masks=("redact",),
        ),
        Field(
            "usage",
            Scalar.ENUM,
            "房屋用途",
            "Use",
            Kind.STATUS,
            Grade.GENERAL_2,
            values=("OWNER_OCCUPIED", "RENTED", "VACANT", "BUSINESS"),
            buckets=(Bucket("usage"),),
            source="housing",
        ),
        Field(
            "area",
            Scalar.FLOAT,
            "建筑面积（平方米）",
            "Floor area in square metres",
            Kind.QUANTITY,
            Grade.GENERAL_2,
            masks=("redact", "round(50)", "round(10)"),
            source="housing",
        ),
        REGION,
    ),
    subjects=("residents",),
)

EDGES = (
    Edge(
        "LOCATED_IN",
        "Building",
        "grid",
        False,
        "Region",
        "buildings",
        True,
        "所属网格",
        "The grid it stands in",
        "楼栋",
        "Buildings that stand in it",
    ),
    Edge(
        "IN_BUILDING",
        "Dwelling",
        "building",
        False,
        "Building",
        "dwellings",
        True,
        "所属楼栋",
        "The building it is in",
        "房屋",
        "Dwellings in it",
    ),
)
