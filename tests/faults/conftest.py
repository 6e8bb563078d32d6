"""Fixtures that several fault tests share: stale texts in the session's graph, and what a pass over them ends in."""

from tests.support.stale_texts import annotator, expected, settings, stale, writer

__all__ = ["annotator", "expected", "settings", "stale", "writer"]
