"""`invoke init`: looks at a repository and writes what jesses needs to release it."""
