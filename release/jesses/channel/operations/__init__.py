"""What is done to a channel between releases: versions are yanked, promoted and pruned.

Each works under the channel's lease, by the same protocol as a publish: immutable things first, then pointers by
compare-and-swap, so that what other writers add in the meantime stays.
"""
