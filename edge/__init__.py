"""What runs on the device: camera -> faces -> action units -> emotion -> cue -> speech / MQTT."""
