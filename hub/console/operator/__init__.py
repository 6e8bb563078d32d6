"""The operator's pages: sources and what waits of them, the health of the hub, its settings and versions."""
