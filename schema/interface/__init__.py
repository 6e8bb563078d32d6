"""What clients read of the API before they ask: the schema as a text, and the language of its descriptions.

It may import graphql-core, and nothing of ours. Begin reading with `sdl.py`.
"""
