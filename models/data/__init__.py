"""Readers of labelled faces. Every one takes a path as its argument and yields a FaceSet."""
