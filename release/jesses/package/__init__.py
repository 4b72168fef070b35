"""From a staged tree to the bytes of a package. Nothing here knows of networks.

Decisions: docs/decisions/package.md
"""
