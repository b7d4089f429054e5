"""The command ``video``: windows of frames, one after the other."""
