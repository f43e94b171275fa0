"""A convolution with a large kernel and few input channels through the frequency domain, for inference on a CPU.

TMTV-Net's refiner begins with a 9 x 9 x 9 kernel: 248 of its 639 GFLOP per tile, of which 20 remain here. The volume
is cut into overlapping blocks (overlap-save). The Fourier transforms of so short blocks are products with small
dense matrices, which run several times faster than FFT calls and compute only the samples that are kept.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

BLOCK = 32
_OUTPUTS_AT_ONCE = 16  # bounds the memory of spectra


class FrequencyConv3d(nn.Module):
    """The same result as a `Conv3d` with an odd kernel, stride 1 and padding `kernel // 2`, up to float32 rounding.

    Spectra are laid out `(re/im, fz, fy, fx, block, channel)`; each transform works on the one axis that stands next
    to re/im, so that no data are ever transposed.
    """

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self.kernel = conv.kernel_size[0]
        self.valid = BLOCK - self.kernel + 1
        self.channels_out = conv.out_channels
        self.bias = conv.bias
        spectrum = torch.fft.rfftn(conv.weight.detach().float().permute(2, 3, 4, 1, 0), s=(BLOCK,) * 3, dim=(0, 1, 2))
        spectrum = spectrum.conj().resolve_conj().flatten(0, 2)  # (frequencies, in, out); conj: correlation
        self.register_buffer("weight_re", spectrum.real.contiguous())
        self.register_buffer("weight_im", spectrum.imag.contiguous())
        for name, matrix in _matrices(self.valid).items():
            self.register_buffer(name, matrix)

    @staticmethod
    def suits(conv: nn.Conv3d) -> bool:
        """True where this was measured to be faster than the direct convolution."""
        kernel = conv.kernel_size[0]
        return (
            set(conv.kernel_size) == {kernel}
            and 7 <= kernel <= BLOCK // 2
            and kernel % 2 == 1
            and set(conv.padding) == {kernel // 2}
            and set(conv.stride) == {1}
            and conv.groups == 1
            and conv.in_channels <= 8
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([self._one(sample) for sample in x.float()])

    def _one(self, x: torch.Tensor) -> torch.Tensor:
        shape = x.shape[1:]
        counts = [math.ceil(extent / self.valid) for extent in shape]
        real, imaginary = self._transform(self._blocks(x, counts))
        result = x.new_empty((self.channels_out, *shape))
        for first in range(0, self.channels_out, _OUTPUTS_AT_ONCE):
            some = slice(first, min(first + _OUTPUTS_AT_ONCE, self.channels_out))
            w_re, w_im = self.weight_re[:, :, some].contiguous(), self.weight_im[:, :, some].contiguous()
            spectra = torch.stack(
                (
                    torch.bmm(real, w_re).baddbmm_(imaginary, w_im, alpha=-1.0),
                    torch.bmm(real, w_im).baddbmm_(imaginary, w_re),
                )
            )
            result[some] = self._assemble(self._back(spectra), counts, shape)
        return result if self.bias is None else result.add_(self.bias.view(-1, 1, 1, 1))

    def _blocks(self, x: torch.Tensor, counts: list[int]) -> torch.Tensor:
        """`(z, y, x, block * channel)`: overlapping blocks of the zero-padded input."""
        before = self.kernel // 2
        padding = []
        for extent, count in zip(reversed(x.shape[1:]), reversed(counts), strict=True):
            padding += [before, count * self.valid + self.kernel - 1 - before - extent]
        x = functional.pad(x, padding)
        for axis in (1, 2, 3):
            x = x.unfold(axis, BLOCK, self.valid)
        return x.permute(4, 5, 6, 1, 2, 3, 0).reshape(BLOCK, BLOCK, BLOCK, -1)

    def _transform(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Real and imaginary part, each `(frequencies, block, channel_in)`."""
        half, rest = BLOCK // 2 + 1, blocks.shape[-1]
        x = torch.matmul(self.forward_x, blocks)  # z, y, (re/im, fx), rest
        x = torch.matmul(self.forward_yz, x.view(BLOCK, 2 * BLOCK, half * rest))  # z, (re/im, fy), (fx, rest)
        x = torch.matmul(self.forward_yz, x.view(2 * BLOCK, BLOCK * half * rest))  # (re/im, fz), (fy, fx, rest)
        real, imaginary = x.view(2, BLOCK * BLOCK * half, -1, self.weight_re.shape[1])
        return real, imaginary

    def _back(self, spectra: torch.Tensor) -> torch.Tensor:
        """`(z, y, block, channel_out, x)` of the valid samples."""
        half, valid, (blocks, channels) = BLOCK // 2 + 1, self.valid, spectra.shape[-2:]
        rest = blocks * channels
        x = torch.matmul(self.back_yz, spectra.view(2 * BLOCK, BLOCK * half * rest))  # (z, re/im), (fy, fx, rest)
        x = torch.matmul(self.back_yz, x.view(valid, 2 * BLOCK, half * rest))  # z, (y, re/im), (fx, rest)
        x = torch.matmul(x.view(valid, valid, 2 * half, rest).mT, self.back_x.mT)  # z, y, rest, x
        return x.view(valid, valid, blocks, channels, valid)

    def _assemble(self, x: torch.Tensor, counts: list[int], shape: torch.Size) -> torch.Tensor:
        """Blocks side by side: `(channel, z, y, x)`, cut to `shape`."""
        x = x.view(self.valid, self.valid, *counts, -1, self.valid).permute(5, 2, 0, 3, 1, 4, 6)
        x = x.reshape(x.shape[0], *(count * self.valid for count in counts))
        return x[:, : shape[0], : shape[1], : shape[2]]


def _matrices(valid: int) -> dict[str, torch.Tensor]:
    """Discrete Fourier transforms of `BLOCK` samples and back (to the first `valid` ones) as real matrices.

    Rows are what comes out, columns what goes in. (re/im, f) or (sample, re/im) tells which index runs slower.
    """
    half = BLOCK // 2 + 1
    angle = 2 * math.pi / BLOCK * torch.outer(torch.arange(BLOCK), torch.arange(BLOCK)).double()  # symmetric
    cos, sin = angle.cos(), angle.sin()
    # frequency = cos x - i sin x; sample = (cos X + i sin X) / BLOCK
    forward = torch.stack((torch.stack((cos, sin), dim=-1), torch.stack((-sin, cos), dim=-1)))  # re/im, f, x, re/im
    back = torch.stack((torch.stack((cos, -sin)), torch.stack((sin, cos)))) / BLOCK  # re/im', re/im, x, f
    twice = torch.full((half,), 2.0, dtype=torch.float64)  # the frequencies that are left out mirror these
    twice[0] = twice[-1] = 1.0
    back_x = torch.stack((cos[:valid, :half] * twice, -sin[:valid, :half] * twice), dim=1) / BLOCK  # x, re/im, f
    matrices = {
        "forward_x": torch.cat((cos[:half], -sin[:half])),
        "forward_yz": forward.reshape(2 * BLOCK, 2 * BLOCK),
        "back_yz": back[:, :, :valid].permute(2, 0, 1, 3).reshape(2 * valid, 2 * BLOCK),
        "back_x": back_x.reshape(valid, 2 * half),
    }
    return {name: matrix.float().contiguous() for name, matrix in matrices.items()}
