"""`GET /access`: what the asking application may see, over HTTP without a query.

May import `hub.request`, `hub.errors` and `audit`. Begin with `endpoint.py`.
"""
