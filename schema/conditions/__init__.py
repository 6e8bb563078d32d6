"""What conditions are made of: the comparisons that each field takes, and the texts that may be searched for.

It may import `schema/` and nothing else of ours. Begin reading with `operators.py`.
"""
