"""The coupling: verilated tiles under simulated processors, run sessions and their results."""
