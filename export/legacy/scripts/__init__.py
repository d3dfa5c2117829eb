"""What runs in the legacy environment, on Python 3.8 or 3.9.

The scripts import nothing of ours but each other, and no file here may be named like a package
they import: it would be imported in its place.
"""
