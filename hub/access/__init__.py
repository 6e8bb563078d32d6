"""`GET /access`: what the asking application may see, over HTTP without a query.

May import `hub.request`, `hub.telemetry`, `hub.errors`, `audit` and `policies`. Begin with `endpoint.py`.
"""
