"""The room of counts from indexes: `from_indexes.py` counts the nodes of divisions without reading one of them."""
