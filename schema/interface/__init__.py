"""What clients read of the API before they ask: the schema as a text, and the words of its descriptions.

It may import graphql-core, and of ours the declarations of `schema/`. Begin reading with `sdl.py`.
"""
