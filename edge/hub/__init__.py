"""What a phone needs from the device's side: a page over HTTPS, a broker, and a link that pairs."""
