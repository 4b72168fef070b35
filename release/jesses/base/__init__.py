"""Values and small tools that everything meets through. It imports nothing of jesses.

Decisions: docs/decisions/base.md
"""
