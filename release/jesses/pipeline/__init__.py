"""A release from its beginning to its end: the order of the steps, and what they are given.

Decisions: docs/decisions/pipeline.md
"""
