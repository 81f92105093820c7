"""The modules of units against plain arithmetic: padding, pools, transposes, recurrences, statistics, drop path."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from valpnas.cells import convolutions
from valpnas.cells.convolutions import BatchNorm
from valpnas.cells.drop_path import DropPath
from valpnas.cells.initialise import initialise_units
from valpnas.cells.layers import layer
from valpnas.cells.macro import Macro
from valpnas.cells.network import CellNetwork
from valpnas.cells.plan import plan_network
from valpnas.cells.text import read_cell
from valpnas.cells.units import Convolution, Excitation, Pool, Recurrent, Separable, Transposed, Unit
from valpnas.errors import ConfigError

ON_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def made(unit: Unit) -> nn.Module:
    """Return the initialised module in float64, in evaluation mode."""
    module = layer(unit)
    initialise_units(module, torch.Generator().manual_seed(0))
    return module.double().eval()


def drawn(*shape: int) -> Tensor:
    """Return standard normal numbers in float64."""
    return torch.as_tensor(np.random.default_rng(1).standard_normal(shape))


def after(value: Tensor) -> Tensor:
    """Normalise by fresh statistics and activate, as a unit does behind its convolution."""
    return nn.functional.silu(value / np.sqrt(1 + 1e-3))


def windows(length: int, kernel: int, stride: int, dilation: int = 1) -> list[list[int | None]]:
    """Return the positions each window of TensorFlow's "same" covers; None where it is padding."""
    out = -(-length // stride)
    total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - length, 0)
    starts = [i * stride - total // 2 for i in range(out)]
    at = [[start + k * dilation for k in range(kernel)] for start in starts]
    return [[p if 0 <= p < length else None for p in window] for window in at]


@pytest.mark.parametrize("length", [5, 6])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_convolutions_and_pools_of_series_pad_as_tensorflow(length: int, kernel: int, stride: int) -> None:
    value = drawn(2, 3, length)
    covered = windows(length, kernel, stride)
    seen = [[[value[:, :, p] for p in window if p is not None] for window in covered]][0]
    largest = torch.stack([torch.stack(window).amax(0) for window in seen], -1)
    mean = torch.stack([torch.stack(window).mean(0) for window in seen], -1)
    torch.testing.assert_close(made(Pool((3, length), "max", (kernel,), stride))(value), largest)
    torch.testing.assert_close(made(Pool((3, length), "avg", (kernel,), stride))(value), mean)
    for dilation in (1, 2) if stride == 1 else (1,):
        module = made(Convolution((3, length), 4, (kernel,), stride, dilation))
        weight = module.get_parameter("weight")
        sums = [
            sum(value[:, :, p] @ weight[:, :, k].T for k, p in enumerate(window) if p is not None)
            for window in windows(length, kernel, stride, dilation)
        ]
        torch.testing.assert_close(module(value), after(torch.stack(sums, -1)))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [(2, 3), (3, 2), (2, 2), (1, 4)])
def test_kernels_of_images_may_pad_one_side_of_one_dimension(kernel: tuple[int, int], stride: int) -> None:
    value = drawn(2, 3, 5, 6)
    rows, columns = (windows(n, k, stride) for n, k in zip((5, 6), kernel, strict=True))
    for form in ("max", "avg"):
        pooled = made(Pool((3, 5, 6), form, kernel, stride))(value)  # type: ignore[arg-type]
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                seen = value[:, :, [r for r in row if r is not None]][..., [c for c in column if c is not None]]
                expected = seen.amax((2, 3)) if form == "max" else seen.mean((2, 3))
                torch.testing.assert_close(pooled[:, :, i, j], expected)


def test_a_separable_convolution_is_a_depthwise_and_a_pointwise_one() -> None:
    value, module = drawn(2, 3, 6), made(Separable((3, 6), 4, (3,), 2))
    dense = module.get_parameter("pointwise") * module.get_parameter("depthwise").transpose(0, 1)
    plain = made(Convolution((3, 6), 4, (3,), 2))
    plain.get_parameter("weight").data = dense.detach()
    torch.testing.assert_close(module(value), plain(value))


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_a_transposed_convolution_is_the_gradient_of_a_padded_one(kernel: int) -> None:
    value, module = drawn(2, 3, 5), made(Transposed((3, 5), 4, (kernel,)))
    long = torch.zeros(2, 4, 10, dtype=torch.float64, requires_grad=True)
    weight = module.get_parameter("weight")  # from 3 channels to 4; the other way round it is a kernel from 4 to 3
    total = max((5 - 1) * 2 + kernel - 10, 0)
    padded = nn.functional.pad(long, (total // 2, total - total // 2))
    (gradient,) = torch.autograd.grad(nn.functional.conv1d(padded, weight, stride=2), long, value)
    torch.testing.assert_close(module(value), after(gradient))


def test_recurrences_are_those_of_torch() -> None:
    value = drawn(2, 3, 5)
    for form, kind in (("lstm", nn.LSTM), ("gru", nn.GRU)):
        module, reference = made(Recurrent((3, 5), 4, form)), kind(3, 4, batch_first=True).double()  # type: ignore[arg-type]
        reference.weight_ih_l0.data = module.get_parameter("weight").data
        reference.weight_hh_l0.data = module.get_parameter("recurrent").data
        reference.bias_ih_l0.data = module.get_parameter("bias").data
        reference.bias_hh_l0.data.zero_()
        expected = reference(value.transpose(1, 2))[0].transpose(1, 2) / np.sqrt(1 + 1e-3)
        torch.testing.assert_close(module(value), expected)
    assert made(Recurrent((3, 5), 4, "lstm")).get_parameter("bias").tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8


def test_excitation_weighs_channels() -> None:
    value = drawn(2, 9, 4)
    weighed = made(Excitation((9, 4)))(value) / value
    assert Excitation((9, 4)).bottleneck == 2
    torch.testing.assert_close(weighed, weighed[:, :, :1].expand_as(weighed))
    assert ((weighed > 0) & (weighed < 1)).all()


def test_statistics_move_by_a_tenth_and_a_lone_number_leaves_them_alone() -> None:
    norm = BatchNorm(2)
    initialise_units(norm, torch.Generator())
    norm.train()
    value = drawn(4, 2, 3).float() + 5
    norm(value)
    torch.testing.assert_close(norm.running_mean, 0.1 * value.mean((0, 2)))
    before = norm.running_mean.clone()
    assert norm(torch.tensor([[[3.0], [4.0]]])).isfinite().all()
    assert torch.equal(norm.running_mean, before)


def test_initial_kernels_are_he_uniform() -> None:
    weight = made(Convolution((8, 9), 400, (5,))).get_parameter("weight")
    assert weight.abs().max() <= np.sqrt(6 / 40)
    assert float(weight.detach().std()) == pytest.approx(np.sqrt(2 / 40), rel=0.05)


def test_drop_path_keeps_one_path_and_the_mean() -> None:
    drop = DropPath(0.6, torch.Generator().manual_seed(0), progress=1.0)
    paths = [torch.ones(4000, 1, 1), 2 * torch.ones(4000, 1, 1), 4 * torch.ones(4000, 1, 1)]
    left = torch.cat(drop(paths, 1.0), 1)[:, :, 0]
    survivors = (left > 0).sum(1)
    assert int(survivors.min()) == 1
    torch.testing.assert_close(left, (left > 0) * torch.tensor([1.0, 2.0, 4.0]) * (3 / survivors[:, None]))
    assert float((left[:, 0] == 0).float().mean()) == pytest.approx(0.6 - 0.6**3 / 3, abs=0.03)
    half = torch.cat(DropPath(0.6, torch.Generator().manual_seed(0), progress=0.5)(paths, 0.5), 1)
    assert float((half[:, 0] == 0).float().mean()) == pytest.approx(0.15, abs=0.02)
    assert DropPath(0.6, torch.Generator(), progress=0.0)(paths, 1.0)[0] is paths[0]
    with pytest.raises(ConfigError):
        DropPath(1.0, torch.Generator())


def test_drop_path_works_in_training_only_and_repeats() -> None:
    plan = plan_network(
        read_cell("[(-1, '3 conv', -1, '2 maxpool');(-1, 'gru', -2, 'identity')]"), Macro(3, 2, 1), (1, 8)
    )
    network = CellNetwork(plan)
    initialise_units(network, torch.Generator().manual_seed(0))
    value = torch.randn(3, 1, 8, generator=torch.Generator().manual_seed(1))
    plain = network(value).detach()
    found = []
    for _ in range(2):
        network.drop_path = DropPath(0.5, torch.Generator().manual_seed(2), progress=1.0)
        found.append(network(value).detach())
    assert torch.equal(*found)
    assert not torch.equal(plain, found[0])
    network.eval()
    with_schedule = network(value)
    network.drop_path = None
    assert torch.equal(with_schedule, network(value))
    assert prod(plain.shape) == 18


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=ON_GPU)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_keep_their_channels_beside_each_other_in_memory(channels: int, device: str) -> None:
    text = "[(-1, '3x3 dconv', -1, '2x2 avgpool');(0, '3x3 conv', -2, '3x3 tconv')]"
    plan = plan_network(read_cell(text), Macro(motifs=2, normal_cells=1, filters=4), (channels, 8, 8), classes=3)
    network = CellNetwork(plan)
    initialise_units(network, torch.Generator().manual_seed(0))
    image = torch.randn(5, channels, 8, 8, generator=torch.Generator().manual_seed(1))
    values = network.to(device).values(image.to(device))
    assert {value.stride()[1] for value in values.values()} == {1}


@pytest.mark.parametrize(("extent", "kernel"), [((7, 8), (1, 1)), ((9,), (1,))])
def test_a_strided_convolution_of_one_place_leaves_places_out_first(
    extent: tuple[int, ...], kernel: tuple[int, ...]
) -> None:
    """A strided one writes beyond its memory in torch 2.13 on a CPU, where few channels lie beside each other."""
    unit = Convolution((3, *extent), filters=4, kernel=kernel, stride=2)
    module = made(unit)
    strides = []
    dimensions = len(kernel)
    whole = convolutions._CONVOLVE[dimensions]

    def convolve(value: Tensor, weight: Tensor, bias: Tensor, stride: int, *rest: object) -> Tensor:
        strides.append(stride)
        return whole(value, weight, bias, stride, *rest)

    module.convolve = convolve
    value = torch.randn(2, 3, *extent, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = module.activated(whole(value, module.weight, module.bias, unit.stride))
    assert torch.equal(module(value), expected)
    assert strides == [1]
    assert expected.shape[1:] == unit.output
