"""The command ``video``: restores windows of frames, one after the other."""
