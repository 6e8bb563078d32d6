"""Caps: what is counted by day or by answer, and when it is too much."""
