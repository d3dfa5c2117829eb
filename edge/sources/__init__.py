"""Where pictures come from: cameras, streams, clips, folders and single pictures."""
