"""The auditor's page of the whole log: its newest checkpoint, a check of every record, files to keep elsewhere."""
