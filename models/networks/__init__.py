"""Networks: a face crop in, action-unit logits out; emotions read the units alone."""
