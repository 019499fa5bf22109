"""One configuration over many repositories: a branch, a patch series and a report for each, and one summary of all."""
