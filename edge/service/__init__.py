"""What makes a program a service: systemd, one snapshot of health, heat, a safe mode, reload."""
