"""Answers of a node: what of them is asked, on which rows, and the part of the statement that answers."""
