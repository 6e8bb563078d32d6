"""What a steward does with policies: change them, explain a decision, preview a draft, replay the log under it.

Every change, preview and replay is recorded in the audit log. It prepares requests through `request`, never by a copy,
and may import every room but `cli`, `demo` and `auditor`. Begin with `changes.py`.
"""
