"""Devices that can run a net, behind one small protocol."""
