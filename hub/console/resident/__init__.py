"""A resident's own page: who saw my data, behind the resident's own sign-in only."""
