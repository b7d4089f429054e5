"""What every run needs besides its problem: a device, memory, a weight, a record."""
