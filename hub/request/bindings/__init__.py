"""What a request says that binds it beside its grants: the registered document that it asks, and its token's limits.

Imported by the stages that read the request; knows none of them. Begin with `document_ids.py`.
"""
