"""What one installation (a home) owns: settings, keys, sealed ids and cursors, strict JSON, and its audit log.

May import `hub.errors`, `hub.telemetry`, `hub.terminal`, `audit`, `policies` and `schema`, and no other room of `hub`.
Begin reading at `settings.py`, then `key_files.py` and `audit_log.py`.
"""
