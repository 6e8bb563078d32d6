"""The auditor's questions: who saw a person, unusual use, the review of samples, what sharing achieved and exposed."""
