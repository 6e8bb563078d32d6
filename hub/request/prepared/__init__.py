"""The room of prepared requests: what is made of a document once is kept, and filled in for each request.

Nothing that is kept holds a value, a subject or a case. `prepare.py` is the stages from purpose to statement.
"""
