"""What all code that works on numbers by the many calls them."""

import numpy as np

Array = np.ndarray
"""Numbers, or whether something holds, by good, use, level or whatever else is counted."""
