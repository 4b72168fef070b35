"""Cutting a release: everything is worked out as git objects on this machine, shown, and pushed in one go.

Nothing leaves the machine before the one atomic push, and nothing is remembered in files: where a release
stands is read from git, the remote and GitHub each time. So it can be run again after any interruption.

Decisions: docs/decisions/cut.md
"""
