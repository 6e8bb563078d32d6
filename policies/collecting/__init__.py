"""How a policy writes what may be read of what was collected for other purposes.

Imports `policies/` and `schema/`; what the rules mean is in `policies/reuse.py`. Begin at `written.py`.
"""
