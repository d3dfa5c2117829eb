"""Speech: a voice in a process of its own, a sound output that can be cut short, and the sink they make."""
