"""How departments' data comes in: extraction, validation, quarantine."""
