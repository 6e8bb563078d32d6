"""The front doors of a hub, for people: pages under `/console/` that show and do what the API and the rules allow."""
