"""What can be done beside compressing: maps of what matters most, and exports for shaders."""
