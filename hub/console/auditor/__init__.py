"""The auditor's pages: the log searched, one record with its proof."""
