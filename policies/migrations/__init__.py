"""The version store's tables change only forward, one numbered step at a time, under the store's write lock."""
