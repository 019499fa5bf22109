"""What one run remembers for the next: the store (one sqlite file), and the values that may come out of it."""
