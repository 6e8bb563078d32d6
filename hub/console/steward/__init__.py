"""The steward's pages: what each purpose may see of each field, and why."""
