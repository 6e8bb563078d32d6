"""The room of lists: what is asked of a page or a nested list, which part of it, and what is told of one that is cut.

`arguments.py` reads which part is asked for, `parts.py` is what a list has beside its rows, `cuts.py` what ends early.
docs/adr/0030-nested-lists-say-how-many.md
"""
