"""Alembic's steps that create and change the tables of the version store.

Steps only go forward, one number at a time, under the store's write lock. Begin with `policies/store_tables.py`.
"""
