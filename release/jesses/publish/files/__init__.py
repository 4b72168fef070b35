"""Plain files to download."""
