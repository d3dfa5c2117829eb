"""Pseudo labels: MediaPipe's face landmarker on pictures that nobody coded."""
