"""Readers of one stream of a source: CSV, Excel, JSON lines and GeoJSON files, SQL tables, paged REST collections.

Each yields `Row`s, or `Broken` ones where a row cannot be read, and raises `ConnectorError` where the source cannot.
Each extends `Source` by its own keys, in the file of its reader. May import `schema`, `connectors.base`,
`connectors.source_model`, `connectors.secret_names` and dlt, the latter only through `dlt_resources.py`. Begin with
`files.py`, then `json_lines.py`, the simplest kind.
"""
