"""What every run needs beside its problem: a device, memory, a weight, a record."""
