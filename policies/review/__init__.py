"""What a steward is told of a policy before it is in force: faults, joins, and whom a change lets see what."""
