"""The blend of several priors: its weights, its members, and what it refuses."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from invprior import InvpriorError, Noise, Operator, Prior, Problem, noise, solve, stop
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.priors import DIP, NLM, TV, Blend, Guided, NonLocal, NoPrior, Tikhonov
from invprior.solvers.blending import Blending
from invprior.solvers.clipped import clipped
from invprior.solvers.guiding import Guiding
from invprior.solvers.part import Part, advanced
from invprior.solvers.simplex import least_combination
from invprior.solvers.splitting import split
from tests.helpers import photograph, psnr

SIZE = 48
CLEAN = photograph(size=SIZE).float()
LARGE = photograph(size=3 * SIZE).float()  # where pixels are held out: a few hundred tell little
TV_10 = 10.0 * TV()


def problem(*members: Prior, A: Operator | None = None, model: Noise | None = None) -> Problem:
    A = Identity(CLEAN.shape) if A is None else A
    model = noise.Gaussian(0.1) if model is None else model
    y = model.sample(A(LARGE if A.in_shape == LARGE.shape else CLEAN), torch.Generator().manual_seed(0))
    return Problem(A, A(y) if isinstance(A, Mask) else y, noise=model, prior=Blend(tuple(members)))


def oracle(images: list[Tensor], clean: Tensor) -> float:
    """PSNR of the best combination for the truth."""
    errors = torch.stack([(x - clean).flatten().double() for x in images])
    w = torch.from_numpy(least_combination((errors @ errors.T).numpy()))
    return psnr(torch.einsum("k,k...->...", w.float(), torch.stack(images)), clean)


@given(st.integers(1, 5), st.integers(1, 12), st.integers(0, 2**31))
@settings(max_examples=60)
def test_no_other_combination_is_better(members: int, values: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(members, values)) + rng.normal()
    gram = errors @ errors.T
    w = least_combination(gram)
    assert w.min() >= 0
    assert w.sum() == pytest.approx(1)
    others = rng.dirichlet(np.ones(members), size=200)
    assert w @ gram @ w <= np.einsum("ik,kl,il->i", others, gram, others).min() + 1e-6 * np.trace(gram)
    assert w @ gram @ w <= gram.diagonal().min() + 1e-6 * np.trace(gram)


@given(st.integers(1, 5), st.integers(0, 2**31))
@settings(max_examples=60)
def test_a_slope_moves_the_best_combination(members: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(members, 7))
    gram, slope = errors @ errors.T, 3 * rng.normal(size=members)
    w = least_combination(gram, slope)
    assert w.min() >= 0
    assert w.sum() == pytest.approx(1)
    others = rng.dirichlet(np.ones(members), size=200)
    least = (np.einsum("ik,kl,il->i", others, gram, others) + others @ slope).min()
    assert w @ gram @ w + slope @ w <= least + 1e-6 * (np.trace(gram) + np.abs(slope).max())
    assert least_combination(gram, slope + 5.0) == pytest.approx(w, abs=1e-6)


@pytest.mark.parametrize(
    ("A", "model"),
    [
        (Identity(CLEAN.shape), noise.Gaussian(0.1)),
        (Identity(CLEAN.shape), noise.Poisson(0.02)),
        (Identity(CLEAN.shape), noise.PoissonGaussian(0.01, 0.05)),
        (Identity(CLEAN.shape), noise.Laplace(0.07)),
        (Blur(CLEAN.shape, torch.ones(3, 3) / 9), noise.Gaussian(0.03)),
        (Mask.random(LARGE.shape, 0.5, torch.Generator().manual_seed(1)), noise.Gaussian(0.05)),
        (Lanczos(LARGE.shape, 2), noise.Gaussian(0.02)),
    ],
    ids=["white", "photons", "camera", "laplace", "blur", "missing", "upscaling"],
)
def test_the_weights_are_near_the_best_for_the_truth(A: Operator, model: Noise) -> None:
    result = solve(problem(TV_10, 3.0 * TV(), 20.0 * Tikhonov(), A=A, model=model))
    state = result.state.solver_state
    images = [m.x for m in state.members]
    clean = LARGE if A.in_shape == LARGE.shape else CLEAN
    best = max(psnr(x, clean) for x in images)
    assert psnr(result.x, clean) > oracle(images, clean) - 0.15
    assert psnr(result.x, clean) > best - 0.05
    assert sum(state.weights) == pytest.approx(1)


def test_members_of_like_strength_gain() -> None:
    result = solve(problem(8.0 * TV(), NLM()))
    assert psnr(result.x, CLEAN) > max(psnr(m.x, CLEAN) for m in result.state.solver_state.members) + 0.5


def test_weights_hardly_depend_on_how_the_data_were_split() -> None:
    """What members without a network make of all data takes out the noise that was added: without it 0.08."""
    p = problem(6.0 * TV(), NLM())
    assert np.std([solve(p, seed=seed).state.solver_state.weights[0] for seed in range(8)]) < 0.045


def test_a_member_that_is_far_off_has_no_weight() -> None:
    result = solve(problem(NonLocal(), NoPrior(), TV_10))
    state = result.state.solver_state
    assert state.weights[1] < 0.03
    assert psnr(result.x, CLEAN) > psnr(state.members[0].x, CLEAN) - 0.05


def test_members_without_a_network_are_those_of_all_data() -> None:
    p = problem(NonLocal(), TV_10)
    result = solve(p)
    for prior, member in zip((NonLocal(), TV_10), result.state.solver_state.members, strict=True):
        alone = solve(Problem.from_terms(p.data_terms, prior, p.values))
        assert torch.equal(member.x, alone.x)
        assert member.status == alone.status


def test_members_with_a_network_are_those_that_were_judged() -> None:
    result = solve(problem(DIP(iterations=3), Guided(DIP(iterations=3), TV_10), TV_10))
    state = result.state.solver_state
    assert [j is m for j, m in zip(state.judged, state.members, strict=True)] == [True, True, False]


def test_networks_with_a_weight_see_what_was_held_out_in_the_end() -> None:
    """Held-out values cost a network a part of what it can reach; it is judged without them and used with them."""
    clean = photograph(size=96).float()
    A, model = Lanczos(clean.shape, 2), noise.Gaussian(1e-3)
    y = model.sample(A(clean), torch.Generator().manual_seed(0))
    p = Problem(A, y, noise=model, prior=Blend((DIP("fast", "upscale", iterations=60), NoPrior())))
    result = solve(p)
    state, (d,) = result.state.solver_state, p.data_terms
    judged, network = state.judged[0].x, state.members[0].x
    held = split(p.data_terms, state.seed)[0][0].observed.logical_not()
    assert state.weights[0] == 1
    assert state.members[0].result.iterations == 15
    assert float(d.residual(network)[held].square().mean()) < 0.95 * float(d.residual(judged)[held].square().mean())
    assert psnr(network, clean) > psnr(judged, clean)
    assert torch.equal(result.x, network)


def test_guided_networks_start_anew_with_what_was_held_out_and_useless_ones_do_not() -> None:
    A = Lanczos(CLEAN.shape, 2)
    guided, useless = Guided(DIP(iterations=30), 3.0 * TV()), DIP("fast", "upscale", iterations=2)
    state = solve(problem(guided, useless, A=A, model=noise.Gaussian(0.02))).state.solver_state
    assert state.weights == (1, 0)
    assert [j is m for j, m in zip(state.judged, state.members, strict=True)] == [False, True]
    assert min(state.members[0].result.iterations, state.judged[0].result.iterations) > 30


def test_exact_pixels_are_put_back_and_noisy_ones_are_not() -> None:
    """A member that is better in the holes is not left out for what it makes of pixels that are known anyway."""
    seen = torch.ones(LARGE.shape[-2:], dtype=torch.bool)
    seen[10:-6:20, 5:-6] = False
    A = Mask(LARGE.shape, seen)
    good, faithful = 3.0 * TV(), NoPrior()  # the second is exact on known pixels and black in the holes
    for level, back in ((1e-3, True), (0.1, False)):
        p = problem(good, faithful, A=A, model=noise.Gaussian(level))
        state = (result := solve(p)).state.solver_state
        assert state.put_back is back
        assert torch.equal(result.x[:, seen], p.data_terms[0].y[:, seen]) is back
        if back:
            assert state.weights[0] > 0.9


def test_interrupted_and_pickled_it_goes_on_bit_for_bit() -> None:
    p = problem(DIP(iterations=6), TV_10)
    whole = solve(p)
    part = solve(p, stop=stop.MaxIterations(2))
    assert len(part.state.solver_state.members) == 2
    assert psnr(part.x, CLEAN) > psnr(p.data_terms[0].y, CLEAN)
    rest = solve(problem(DIP(iterations=6), TV_10), state=pickle.loads(pickle.dumps(part.state)))
    assert torch.equal(whole.x, rest.x)
    assert whole.iterations == rest.iterations


def test_members_without_a_network_go_first_and_are_shown() -> None:
    """They are short; a network that has not begun has no image and no weight."""
    p = problem(DIP(iterations=4), TV_10)
    part = solve(p, stop=stop.MaxIterations(1))
    state = part.state.solver_state
    assert [m.result is None for m in state.members] == [True, False]
    assert state.weights == (0, 1)
    assert torch.equal(part.x, state.members[1].x)
    seen: list[tuple[bool, ...]] = []
    solve(p, callbacks=[lambda i: seen.append(tuple(m.status is None for m in i.state.members))])
    first = next(k for k, going in enumerate(seen) if going != seen[0])
    assert seen[first] == (True, False)
    assert len(seen) - first == 5  # the steps of the network, then all have ended


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_last_member_has_all_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, int]] = []

    def noted(problem: Problem, part: Part, seed: int) -> Part:
        taken.append((threading.get_ident(), torch.get_num_threads()))
        return advanced(problem, part, seed)

    monkeypatch.setattr("invprior.solvers.blending.advanced", noted)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        solve(problem(DIP(iterations=3), TV_10))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert taken[-3:] == [(threading.get_ident(), threads)] * 3
    assert {n for _, n in taken[:-3]} == {max(1, threads // 2)}


@pytest.mark.parametrize("at", [3, 9])
def test_interrupted_while_a_network_sees_the_rest_it_goes_on_bit_for_bit(at: int) -> None:
    def posed() -> Problem:
        return problem(DIP("fast", "upscale", iterations=8), NoPrior(), A=Lanczos(CLEAN.shape, 2))

    whole = solve(posed())
    part = solve(posed(), stop=stop.MaxIterations(at))
    rest = solve(posed(), state=pickle.loads(pickle.dumps(part.state)))
    assert (part.iterations, whole.iterations) == (at, rest.iterations)
    assert torch.equal(whole.x, rest.x)


def test_what_is_fitted_and_what_judges_share_no_noise() -> None:
    """Values that are held out are not fitted, and the parts of a split have errors without correlation."""
    A = Mask.random(CLEAN.shape, 0.5, torch.Generator().manual_seed(1))
    data, (_, watched) = split(problem(TV_10, NoPrior(), A=A).data_terms, seed=0)
    hidden = watched.counts
    assert bool(hidden.any())
    assert float(data[0].y[:, hidden].abs().sum()) == 0
    assert float(data[0].operator(torch.ones_like(CLEAN))[:, hidden].abs().sum()) == 0
    (d,), (w,) = split(problem(TV_10, NoPrior()).data_terms, seed=0)
    errors = torch.stack([(d.y - CLEAN).flatten(), (w.target - CLEAN).flatten()])
    assert abs(float(torch.corrcoef(errors)[0, 1])) < 5 / errors.shape[1] ** 0.5


def test_where_data_are_clipped_the_parts_have_the_noise_that_is_left() -> None:
    """With the noise of the model they would be correlated there, and images that follow it would look worse."""
    dark = torch.linspace(0, 0.6, 256).expand(3, 256, 256).contiguous()
    model = noise.Gaussian(0.1)
    y = model.sample(dark, torch.Generator().manual_seed(0)).clamp(0, 1)
    (d,), (w,) = split(Problem(Identity(y.shape), y, noise=model, prior=TV()).data_terms, seed=0)
    mean = y.mean(1, keepdim=True)  # what clipping makes of each column
    assert bool(w.counts.all())
    plain = model.split(y, 0.02, torch.Generator().manual_seed(1))
    of_model, found = (
        float(((first - mean) * (second - mean))[..., :64].mean())
        for first, second in ((plain.first, plain.second), (d.y, w.target))
    )
    assert of_model < -3e-3
    assert abs(found) < 0.15 * abs(of_model)


def test_the_noise_that_clipping_leaves() -> None:
    levels = torch.linspace(-0.1, 1.1, 64).clamp(0, 1)
    y = noise.Gaussian(0.1).sample(levels.expand(1, 2000, 64), torch.Generator().manual_seed(0)).clamp(0, 1)
    found = clipped(y, 0.1)
    assert found is not None
    assert np.allclose(found.deviation.mean((0, 1)), y.std((0, 1)), atol=0.008)
    ends = torch.minimum(levels, 1 - levels) < 0.4  # from the middle the mean goes either way
    assert np.allclose(found.moved.mean((0, 1))[ends], (y.mean((0, 1)) - levels).abs()[ends], atol=0.008)
    assert clipped(torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(0)), 0.1) is None


def test_photons_are_judged_where_next_to_none_are_clipped() -> None:
    bright = torch.cat([torch.linspace(1.2, 0.9, 64), torch.linspace(0.6, 0.3, 192)]).expand(3, 256, 256).contiguous()
    y = noise.Poisson(0.01).sample(bright, torch.Generator().manual_seed(0)).clamp(0, 1)
    _, (w,) = split(Problem(Identity(y.shape), y, noise=noise.Poisson(0.01), prior=TV()).data_terms, seed=0)
    assert not bool(w.counts[:, :40].any())
    assert 0.5 < float(w.counts.float().mean()) < 0.8


def test_values_that_a_rule_watches_stay_out_of_the_fit() -> None:
    p = stop.hold_out(problem(TV_10, NoPrior()), 0.1)
    (d,), _ = split(p.data_terms, seed=0)
    assert not bool((d.observed & ~p.data_terms[0].observed).any())


def test_complex_data_have_a_blend() -> None:
    x = torch.complex(CLEAN, 0.3 * CLEAN)
    y = noise.Gaussian(0.1).sample(x, torch.Generator().manual_seed(0))
    p = Problem(Identity(x.shape), y, noise=noise.Gaussian(0.1), prior=Blend((TV_10, 20.0 * Tikhonov())))
    result = solve(p)
    errors = [float((m.x - x).abs().square().mean()) for m in result.state.solver_state.members]
    assert float((result.x - x).abs().square().mean()) < 1.01 * min(errors)


def test_a_network_is_given_its_guide_and_gains_on_the_noise() -> None:
    p = Problem.from_terms(problem(TV_10, NoPrior()).data_terms, Guided(DIP(iterations=40), TV_10))
    result = solve(p)
    state = result.state.solver_state
    assert torch.equal(state.guide.x, solve(Problem.from_terms(p.data_terms, TV_10, p.values)).x)
    assert psnr(result.x, CLEAN) > psnr(p.data_terms[0].y, CLEAN) + 3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Blend((TV_10,)), "two to 8 members"),
        (lambda: Blend((TV_10, 3)), "a blend takes priors"),  # type: ignore[arg-type]
        (lambda: Blend((TV(), DIP())) + TV(), "stands alone"),
        (lambda: 2.0 * Guided(DIP(), TV()), "weigh its members"),
        (lambda: Guided(DIP(input=CLEAN), TV()), "without input"),
        (lambda: Guided(DIP("steady"), TV()), "has no task 'guided'"),
    ],
)
def test_what_cannot_be_is_said(make: object, says: str) -> None:
    with pytest.raises(InvpriorError, match=says):
        make()  # type: ignore[operator]


def test_solvers_refuse_a_prior_that_has_no_members() -> None:
    p = Problem.from_terms(problem(TV_10, NoPrior()).data_terms, TV_10)
    for solver, says in ((Blending(), "takes a prior with members"), (Guiding(), "a prior with one member")):
        with pytest.raises(InvpriorError, match=says):
            solve(p, solver)
    part = solve(problem(TV_10, NoPrior()), stop=stop.MaxIterations(1))
    with pytest.raises(InvpriorError, match="one of 2 members, and the prior has 3"):
        solve(problem(TV_10, NoPrior(), Tikhonov()), state=part.state)


def test_too_few_values_are_refused_before_the_solve() -> None:
    y = torch.rand(3, 2, 2)
    A = Mask(y.shape, torch.tensor([[True, False], [False, False]]))
    for known in (A, Mask(y.shape, torch.zeros(2, 2, dtype=torch.bool))):
        with pytest.raises(InvpriorError, match="too few values"):
            solve(Problem(known, known(y), noise=noise.Gaussian(0.1), prior=Blend((TV_10, NoPrior()))))


def test_a_network_after_a_guide_ends_before_it_copies_the_noise_of_a_small_picture() -> None:
    """No noise level can end it, since it starts from an image that fits; a few values that it does not fit can."""
    p = Problem.from_terms(problem(TV_10, NoPrior()).data_terms, Guided(DIP(), TV_10))
    state = (result := solve(p)).state.solver_state
    assert state.network.status.name == "converged"
    assert state.network.result.iterations < 200
    prior = DIP().guided_by(state.guide.x)
    to_the_end = solve(Problem.from_terms(p.data_terms, prior, p.values))
    assert psnr(result.x, CLEAN) > psnr(to_the_end.x, CLEAN) + 0.2


@pytest.mark.parametrize("level", [1e-3, 0.1])
def test_only_noise_is_worth_watching(level: float) -> None:
    y = noise.Gaussian(level).sample(CLEAN, torch.Generator().manual_seed(0))
    p = Problem(Identity(y.shape), y, noise=noise.Gaussian(level), prior=Guided(DIP(iterations=3), TV_10))
    rules = solve(p).state.solver_state.network.result.stop.rules
    assert any(isinstance(r, stop.HeldOut) for r in rules) is (level > 0.01)


def test_a_member_may_pass_through_an_infinite_objective() -> None:
    """The likelihood of photons is infinite where an image is negative, and a primal–dual method may pass there."""
    x = 0.3 * CLEAN
    x[:, 10:30, 10:30] = 0
    A, photons = Blur(x.shape, torch.ones(5, 5) / 25), noise.Poisson(0.02)
    y = photons.sample(A(x), torch.Generator().manual_seed(0))
    result = solve(Problem(A, y, noise=photons, prior=Blend((TV(), 2.0 * TV()))))
    assert result.status.name == "converged"
    assert psnr(result.x, x) > 20


def test_a_member_without_an_image_says_so() -> None:
    part = solve(problem(DIP(iterations=4), TV_10), stop=stop.MaxIterations(1))
    with pytest.raises(InvpriorError, match="has not begun"):
        _ = part.state.solver_state.members[0].x


def test_a_guided_network_takes_one_real_picture() -> None:
    y = torch.complex(CLEAN, CLEAN)
    for values, says in ((y, "the image is complex"), (CLEAN.expand(2, *CLEAN.shape), "the image is a batch")):
        p = Problem(Identity(CLEAN.shape), values, noise=noise.Gaussian(0.1), prior=Guided(DIP(), TV_10))
        with pytest.raises(InvpriorError, match=says):
            solve(p)
