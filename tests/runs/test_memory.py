"""Memory is predicted before it is used."""

from __future__ import annotations

import pytest

import invprior.machine as machine
from invprior import InvpriorError, Prior
from invprior.purpose import Purpose
from invprior.runs.memory import LIBRARIES, best_tile, check_memory, on_disk, predicted, tiling
from invprior.specs import parse_prior

SIXTEEN = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 16 * 2**18}.__getitem__


def made(text: str) -> Prior:
    return parse_prior(text).made(Purpose())


@pytest.mark.parametrize("prior", ["dip", "tv", "dip+tv", "wavelet"])
def test_it_grows_with_the_picture(prior: str) -> None:
    made_prior = made(prior)
    small, large = predicted(made_prior, (3, 500, 500)), predicted(made_prior, (3, 500, 1000))
    assert large - LIBRARIES == pytest.approx(2 * (small - LIBRARIES))
    assert small > LIBRARIES


def test_the_choice_of_a_weight_counts_for_small_pictures_alone() -> None:
    prior = made("tv")
    per_megapixel = [(predicted(prior, (3, 1000, n)) - LIBRARIES) / n for n in (1000, 24000)]
    assert per_megapixel[0] > 2 * per_megapixel[1]


def test_it_grows_with_the_network() -> None:
    shape = (3, 500, 500)
    need = [predicted(made(*p), shape) for p in [("none",), ("tv",), ("dip",)]]
    need.append(predicted(made("dip:preset=paper"), shape))
    assert sorted(need) == need
    assert need[-1] - LIBRARIES > 2 * (need[-2] - LIBRARIES)


def test_tiles_of_a_network_take_less_than_the_whole() -> None:
    prior, shape = made("dip"), (3, 4000, 6000)
    whole, tiled, small = (predicted(prior, shape, tile) for tile in (None, 1024, 512))
    assert small < tiled < whole / 2
    assert predicted(prior, (3, 300, 300), 512) == predicted(prior, (3, 300, 300))


def test_the_number_of_tiles_costs_disk_and_no_memory() -> None:
    prior, tile = made("dip"), 512
    memory, disk = [], []
    for shape in ((3, 4000, 6000), (3, 4000, 12000)):
        tiles = tiling(shape, tile, 64)
        memory.append(predicted(prior, shape, tile) - LIBRARIES)
        disk.append(on_disk(prior, tiles) / tiles.number)
        disk.append(on_disk(prior, tiles) / tiles.number)
    assert memory[1] - memory[0] < 0.2 * 24  # the arrays of the picture alone
    assert disk[0] == disk[1]
    # small tiles have as many weights each as large ones
    small, large = (on_disk(prior, tiling((3, 4000, 6000), n, 32)) for n in (128, 1024))
    assert small > 3 * large
    assert tiling((3, 100, 600), 256, 32) == (3, 100, 256)


def test_a_camera_s_picture_fits_eight_gigabytes_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 8 * 2**18}.__getitem__)
    monkeypatch.setattr(machine, "free", lambda: 7.0)
    tile = best_tile(made("dip"), (3, 4000, 6000))
    assert tile is not None
    assert predicted(made("dip"), (3, 4000, 6000), tile) < 7.0
    assert tile >= 512


def test_what_cannot_fit_is_refused_with_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", SIXTEEN)
    with pytest.raises(
        InvpriorError, match=r"about 31 GB and there are 16.0 for it; take preset fast or steady or best$"
    ):
        check_memory(made("dip:preset=paper"), "dip:preset=paper", (3, 2000, 2000), "cpu")
    with pytest.raises(InvpriorError, match=r"there are 16.0 for it; take prior tv$"):
        check_memory(made("dip"), "dip", (3, 9000, 9000), "cpu")
    with pytest.raises(InvpriorError, match=r"take preset fast or steady or best, or --tile 1024$"):
        check_memory(made("dip:preset=paper"), "dip:preset=paper", (3, 2000, 2000), "cpu", None, ["--tile 1024"])
    with pytest.raises(InvpriorError, match=r"with prior tgv needs about .* shrink it, or cut it into parts"):
        check_memory(made("tgv"), "tgv", (3, 9000, 9000), "cpu")
    assert check_memory(made("dip"), "dip", (3, 9000, 9000), "cuda") > 16


def test_the_tiles_named_fit_and_larger_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", SIXTEEN)
    monkeypatch.setattr(machine, "free", machine.memory)
    prior, shape = made("dip:preset=paper"), (3, 4000, 6000)
    tile = best_tile(prior, shape)
    assert tile is not None
    assert check_memory(prior, "dip:preset=paper", shape, "cpu", tile) < machine.memory()
    with pytest.raises(InvpriorError):
        check_memory(prior, "dip:preset=paper", shape, "cpu", tile + 640)
    assert best_tile(made("tv"), shape) is None


def test_the_tiles_named_are_those_of_least_work_in_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tiles a side cover the picture with half of its side and the overlap, not with the largest that fits."""
    shape = (3, 2000, 2000)
    monkeypatch.setattr(machine, "free", lambda: 14.0)
    assert best_tile(made("dip"), shape) == 1088  # 2·1088 ≥ 2000 + 64
    monkeypatch.setattr(machine, "free", lambda: 2.0)
    small = best_tile(made("dip"), shape)
    assert small is not None
    assert small < 1088
    assert predicted(made("dip"), shape, small) < 2.0
    monkeypatch.setattr(machine, "free", lambda: 0.1)
    assert best_tile(made("dip"), shape) == 1088  # once other programs end
