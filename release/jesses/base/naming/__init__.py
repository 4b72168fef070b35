"""How architectures, versions, relations and tags are spelled in each system, and how they are ordered."""
