"""Figures of a model as a device runs it: truth, answers, metrics, slices, peers and the report."""
