"""Whether a network compiles for Myriad X, the chip of the Neural Compute Stick 2; no stick is needed."""
