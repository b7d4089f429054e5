"""What a study compares: priors by name or as objects, functions and programs of others, behind one interface."""
