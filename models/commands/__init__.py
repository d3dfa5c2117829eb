"""`facecue train | evaluate | export`. Nothing heavy is imported before it is needed."""
