"""YUM repositories."""
