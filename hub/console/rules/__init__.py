"""One rule of the policy at a time: a list, a form that reads as a sentence, and what waits for a steward."""
