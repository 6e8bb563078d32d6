"""The invented county: its registers as four departments would hold them, and its hotline as a server.

The same number of people and the same seed give the same files, byte for byte; all people, numbers and addresses are
invented. This room imports no other. Begin with `generate.py`; `known_people.py` has the people that tests and the tour
look for, `hotline.py` the server; `whole/` writes seven registers more. `docs/sample-county.md` is the specification.
"""
