"""A proof in the forms of other software: C2SP tlog-proof, and COSE receipt of RFC 9942.

Each file writes one form. It may import the rest of `audit`. Begin with `tlog_proof.py`.
"""
