"""What git and CI say of a product.

Decisions: docs/decisions/history.md
"""
