"""Networks, training data and evaluation. Needs the `train` extra; never imported by `edge`."""
