"""What git and CI say of a product."""
