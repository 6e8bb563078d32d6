"""Readers of one stream of a source: CSV files, SQL tables, paged REST collections.

Each yields `Row`s, or `Broken` ones where a row cannot be read, and raises `ConnectorError` where the source cannot.
May import `connectors.base`, `connectors.manifest` and dlt, the latter only through `dlt_resources.py`. Begin with
`csv_files.py`, the simplest.
"""
