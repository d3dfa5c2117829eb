"""The subcommands of `facecue` that run on a device."""
