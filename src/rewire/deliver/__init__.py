"""The last station: what the run changed, as a patch, on disk or as git commits. Import from its modules."""
