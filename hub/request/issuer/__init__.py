"""The keys of an OpenID provider over the network: found at its address, kept, and asked for again.

Begin with `follower.py`. May import `hub/home` and the check of tokens in `hub/request`.
"""
