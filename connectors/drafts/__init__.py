"""From a sample of rows to drafts of a source and a slice: what a column seems to hold, and why that is guessed.

All but `look.py` is pure, over headers and rows. No value of a row stands in a draft, except the words of an enum, and
what was not guessed is commented out, so that nobody may see it. May import `schema` and `connectors`. Begin with
`guesses.py`; `personal_kinds.py` tells what is personal, `write_source.py` and `write_slice.py` write the files.
"""
