"""For which purposes the graph holds data, by one record of each source: cheap, however much there is."""

from __future__ import annotations

from typing import Final

COLLECTED: Final = """
MATCH (s:SourceRun)
CALL (s) {
  MATCH (r:SourceRecord) USING INDEX SEEK r:SourceRecord(key) WHERE r.key STARTS WITH s.source + '/'
  RETURN r.collectedFor AS purpose LIMIT 1
  UNION
  MATCH (r:VanishedRecord) USING INDEX SEEK r:VanishedRecord(key) WHERE r.key STARTS WITH s.source + '/'
  RETURN r.collectedFor AS purpose LIMIT 1
}
RETURN DISTINCT purpose ORDER BY purpose"""
