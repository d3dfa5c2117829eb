"""What the user tells the device while it runs, by keys, buttons or messages."""
