"""What is wrong with the project's imports and launches, as findings."""
