"""Networks of the deep image prior, one a file."""
