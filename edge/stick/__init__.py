"""A Neural Compute Stick in a process of its own, and the processor that answers while it cannot."""
