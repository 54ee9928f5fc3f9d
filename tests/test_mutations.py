"""Workbooks with one cell changed: nothing harmful passes, and a misspelt name is told what was meant."""

from random import Random

import pytest
from mutations import books, judged, mutations, typo

from chainopt.words.names import closest, key

RIGHT = 0.99
SUGGESTED = 0.95


def flagged_at_the_right_cell(count, seed, folder):
    wrong = [(mutation, said) for mutation in mutations(count, seed) if (said := judged(mutation, folder))]
    lines = "\n".join(f"{mutation} :: {said}" for mutation, said in wrong)
    assert not any(said == "passes in silence" for _, said in wrong), lines
    assert len(wrong) <= (1 - RIGHT) * count, lines


def test_a_harmful_change_of_one_cell_is_an_error_there(tmp_path):
    flagged_at_the_right_cell(250, 1, tmp_path)


@pytest.mark.nightly
def test_ten_thousand_changes(tmp_path):
    flagged_at_the_right_cell(10_000, 7, tmp_path)


def test_a_misspelt_name_is_told_the_right_one():
    draw, told, tried = Random(3), 0, 0
    names = [
        [str(row[0]) for row in sheets[sheet][1:] if row and row[0]]
        for sheets in books().values()
        for sheet in ("goods", "processes")
    ]
    names = [group for group in names if len(group) > 3]
    while tried < 500:
        group = draw.choice(names)
        name = draw.choice(group)
        wrong = typo(draw, name)
        # Of a name of two letters one edit leaves nothing to go by.
        if len(name) < 3 or key(wrong) in map(key, group):
            continue
        tried += 1
        told += closest(wrong, group) == name
    assert told >= SUGGESTED * tried
