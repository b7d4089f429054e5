"""The one error that speaks to a user."""


class InvpriorError(ValueError):
    """Something given to invprior does not fit; the message is one sentence that names it and the remedy."""
