"""What makes a voice: each engine in a file of its own, all used only in the voice's process."""
