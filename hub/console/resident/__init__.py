"""A resident's own page: who saw my data, and the form of an objection, behind the resident's own sign-in only."""
