"""What a release will make and where it goes, worked out before anything is built.

Decisions: docs/decisions/plan.md
"""
