"""What happens when a launch context starts: which files it loads, under which names, and whether it gets that far."""
