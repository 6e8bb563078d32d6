"""The form of an answer: what its client prefers, statuses, languages, compression, and what the answer hides.

May import `hub.errors`, `hub.request` (the plan), `policies` and `schema`. Begin with `preferences.py`.
"""
