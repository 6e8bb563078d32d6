"""The room of provenance in answers: which sources assert a node, how fresh they are, and who confirms or disputes it.

`cell.py` is what is asked, `sources.py` the part of the statement, `entries.py` the answer. No key or value of a record
leaves the graph. docs/adr/0022-provenance-in-answers.md
"""
