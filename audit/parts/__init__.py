"""What a record is made of: canonical JSON, and keyed digests in place of personal values.

May import nothing of ours. Begin with `digester.py`.
"""
