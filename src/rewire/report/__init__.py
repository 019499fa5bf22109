"""What a run did, told to people and machines: one module a format."""
