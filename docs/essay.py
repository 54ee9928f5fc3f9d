"""The functions of the essay's page: three companies, a value that is read twice, a good that is shared; kinks."""

from math import exp, log, sqrt


def tupperware(natgas):
    """The essay's chain: company A, company B, company C, a line each."""
    ethylene = sqrt(natgas)
    polyethylene = 1 - 1 / (ethylene + 1)
    output = log(polyethylene)
    return output


def read_twice(x):
    """A value that two lines read: each reads all of it."""
    a = sqrt(x)
    b = 3 * a
    c = a * a
    return b + c


def shared(labour, share):
    """A good that two makers share: what one takes the other lacks."""
    bread = sqrt(share * labour)
    wine = 2 * sqrt((1 - share) * labour)
    return bread + wine


def loss(w, x):
    """Two kinks: at w = 0, and at x = 0."""
    penalty = abs(w)
    return penalty + max(x, 0) + exp(w)
