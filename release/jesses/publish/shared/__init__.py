"""What several destinations have in common."""
