"""The one error that is addressed to the user."""


class InvpriorError(ValueError):
    """An input to invprior is invalid; the message is one sentence that names the problem and the remedy."""
