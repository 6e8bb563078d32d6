"""The rules by which a document is checked against the schema, and what they tell of a fault.

It may import `schema`, and nothing else of ours. Begin reading with `document_rules.py`.
"""
