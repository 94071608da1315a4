# NF4 with double quantisation (Dettmers et al. 2023, section 3), bit for bit as bitsandbytes dequantises it.

# Each block's absmax: map[code] * scale + offset, for tensors whose codes are padded to whole groups of 256.
# codes [groups * 256] u8, scales [groups, 1], offsets [groups, 1], dynamic_map [256] -> [groups * 256] f32
def absmax(self, codes: Tensor, scales: Tensor, offsets: Tensor, dynamic_map: Tensor) -> Tensor:
  values = torch.index_select(dynamic_map, 0, codes.to(3)).view([-1, 256])
  return values.mul_(scales).add_(offsets).view([-1])

# Writes code * absmax, computed in f32 and rounded once, into `out` [rows, columns].
# packed [blocks * 32] u8; absmax [blocks]; pairs [256] complex64: the two values that a byte stands for
def dequantise_into(self, out: Tensor, packed: Tensor, absmax: Tensor, pairs: Tensor) -> int:
  values = torch.view_as_real(torch.index_select(pairs, 0, packed.to(3))).view([-1, 64])
  values = values.mul_(absmax.unsqueeze(1)).view([-1])[0:out.numel()]
  out.copy_(values.view([out.size(0), out.size(1)]))
  return 0
