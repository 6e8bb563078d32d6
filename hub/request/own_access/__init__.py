"""What an application is told of its own access: effects, capabilities and caps by purpose, and why.

May import `hub.request` (decisions, denials), `policies` and `schema`. It reads no data. Begin with `table.py`.
"""
