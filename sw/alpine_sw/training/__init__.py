"""Scripts that made the shipped weights; they need the extra `train`."""
