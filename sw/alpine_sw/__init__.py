"""What runs on the system: kernels, networks, quantisation, mapping."""
