"""What the benchmarks share: programs, targets, the load generator, ratios, tables and plots. Standard library only."""
