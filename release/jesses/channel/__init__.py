"""What a channel remembers of its releases: journals, leases, records; and operations between releases.

Decisions: docs/decisions/channel.md
"""
