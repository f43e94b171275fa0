"""Did the curriculum help? Design of experiments, fairness, statistics and the verdict (docs/experiments.md)."""
