"""A client of image registries: the OCI distribution protocol, version 1.1, over `requests`.

It knows blobs, manifests and tags, and nothing of releases. Everything comes from outside: the session, the
credentials, the clock and the way to wait.
"""
