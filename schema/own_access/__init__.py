"""The part of the GraphQL schema that tells an application what it may see (`myAccess`), the same for each catalogue.

Imports none of our packages. Begin with `types.py`.
"""
