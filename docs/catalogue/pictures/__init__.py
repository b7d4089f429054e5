"""The picture of each member's page, drawn when the pages are built."""

from catalogue.pictures import noise, operators, priors, solvers

PICTURES = {"operators": operators.draw, "priors": priors.draw, "noise": noise.draw, "solvers": solvers.draw}
