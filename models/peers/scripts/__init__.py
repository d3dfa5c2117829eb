"""What runs in the child processes.

The Python scripts import nothing of ours, and no file here may be named like a peer's package:
it would be imported in its place.
"""
