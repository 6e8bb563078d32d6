"""Answers: questions about a node that are answered without what they read, and their conditions."""
