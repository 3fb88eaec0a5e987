"""The identity of every record refuses what is missing, and what is no number."""

from types import SimpleNamespace

import numpy as np
import pytest

from looprisk.cascade.record import identity
from looprisk.errors import NoSolutionError


def asked(outside, left):
    state = SimpleNamespace(leaks={"gas": np.array([left])}, gains=np.array([0.0]), k=3)
    values = SimpleNamespace(withheld=np.array([0.0]), outside=np.array([outside]))
    return identity(state, values, np.array([100.0]))


def test_what_adds_up_passes():
    assert asked(99.0, 1.0) == 0


@pytest.mark.parametrize(("outside", "left"), [(98.0, 1.0), (np.nan, 1.0), (99.0, np.inf)])
def test_what_does_not_is_refused(outside, left):
    with pytest.raises(NoSolutionError, match="step 3, path 0"):
        asked(outside, left)
