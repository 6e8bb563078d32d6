"""Requests for access: what a developer asks the owners of data for, and the rule that a steward drafts of it.

Begin with `model.py`; `store.py` keeps them, `progress.py` says what became of one, `rule_text.py` writes the rule.
"""
