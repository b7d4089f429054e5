"""Memory is predicted before it is used."""

from __future__ import annotations

import pytest

from invprior import InvpriorError
from invprior.runs.memory import check_memory
from invprior.specs import parse_prior


def test_it_grows_with_the_picture_and_the_network() -> None:
    fast, paper = parse_prior("dip"), parse_prior("dip", preset="paper")
    small, large = check_memory(fast, (3, 500, 500), "cpu"), check_memory(fast, (3, 500, 1000), "cpu")
    published = check_memory(paper, (3, 500, 500), "cpu")
    assert small is not None
    assert large == pytest.approx(2 * small)
    assert published is not None
    assert published > 2 * small
    assert check_memory(parse_prior("tv"), (3, 10**6, 10**6), "cpu") is None


def test_what_cannot_fit_is_refused_with_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 16 * 2**18}.__getitem__)  # 16 GB
    with pytest.raises(InvpriorError, match="needs about 30 GB and this machine has 16; take preset fast or best"):
        check_memory(parse_prior("dip", preset="paper"), (3, 2000, 2000), "cpu")
    with pytest.raises(InvpriorError, match="shrink it, or take prior tv"):
        check_memory(parse_prior("dip"), (3, 9000, 9000), "cpu")
    assert check_memory(parse_prior("dip"), (3, 9000, 9000), "cuda") is not None
