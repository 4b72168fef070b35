"""APT repositories."""
