"""How rows enter the graph: the hub's side of the connectors.

`pull.py` runs the sources of a folder, `sink.py` writes each batch in one transaction with its provenance
(`batch_write.py`, and for nodes and edges `node_write.py`), and `annotate.py` finds personal information in free text
at that moment. It may import the rooms `graph` and `home`, and the packages `connectors`, `policies`, `audit` and
`schema`. Begin with `pull.py`.
"""
