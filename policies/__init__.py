"""What may be seen: purposes, grants, decisions and masks; pure but for reading policy files and the version store."""
