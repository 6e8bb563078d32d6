"""Effects as a policy writes them: what a coordinate can have, and what is wrong with a word for one."""
