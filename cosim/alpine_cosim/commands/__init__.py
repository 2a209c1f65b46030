"""The sub-commands of `alpine`, a module each; `alpine_cosim.cli` registers them."""
