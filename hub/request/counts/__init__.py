"""The room of aggregates' statements: `cells.py` writes them, `from_indexes.py` counts without reading a node."""
