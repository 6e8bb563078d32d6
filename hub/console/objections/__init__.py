"""Objections of residents to a look at their data: kept, listed for the department that looked, and answered by it.

Begin with `objection.py` for what one says, and `objection_pages.py` for the pages of those who answer. The form of the
resident is in `hub/console/resident/`.
"""
