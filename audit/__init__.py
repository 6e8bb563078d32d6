"""Nothing leaves before it is logged: records, the log that keeps them, the tree over them."""
