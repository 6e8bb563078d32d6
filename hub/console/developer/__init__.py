"""The developer's pages: what their applications may see, a query explained and run, and how their applications fare.

Everything is told of the applications that name the person under `developers`, and of no other. Begin with `mine.py`.
"""
