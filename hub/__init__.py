"""The running service: what is asked, by whom, what for, and what of it may leave."""
