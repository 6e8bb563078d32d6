"""Everything that speaks Bolt or runs Neo4j: the driver, the local graph process, its jars, constraints, merged grids.

May import `hub.home` and the roof below it (`hub.errors`, `hub.telemetry`, `hub.terminal`), `policies` and `schema`;
only this room imports `neo4j`. Begin reading at `driver.py`; for the managed local graph at `local.py`.
"""
