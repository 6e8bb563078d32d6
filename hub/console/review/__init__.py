"""What stewards and approvers look at before a policy is in force: previews, reasons, replays; and the way back."""
