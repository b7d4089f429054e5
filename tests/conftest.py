"""One profile for all property tests: no deadlines, since a shared machine may stall any example."""

from hypothesis import settings

settings.register_profile("invprior", deadline=None, max_examples=50)
settings.load_profile("invprior")
