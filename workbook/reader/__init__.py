"""What a reader runs."""
