"""OpenVINO 2021.4.2, the last with a compiler for the Neural Compute Stick, in an environment of its own."""
