"""Carry a plan out with LibCST on the statements that hold a site, and nowhere else."""
