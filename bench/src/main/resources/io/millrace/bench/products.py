# The matrix products of a training step alone, on operands made once.
def random(self, shape: List[int], dtype: int, like: Tensor) -> Tensor:
  return torch.to(torch.randn(shape, device=like.device) * 0.05, dtype)

# xs[i] [T, in] times ws[i] [out, in] transposed, and gs[i] [T, out] times ws[i]
def layer(self, xs: List[Tensor], gs: List[Tensor], ws: List[Tensor]) -> List[Tensor]:
  r: List[Tensor] = []
  for i in range(len(ws)):
    r.append(torch.linear(xs[i], ws[i]))
    r.append(torch.mm(gs[i], ws[i]))
  return r

# [1]: the first element
def corner(self, x: Tensor) -> Tensor:
  return x.view([-1])[0:1].to(6)
