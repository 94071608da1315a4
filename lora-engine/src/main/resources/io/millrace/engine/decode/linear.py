# Linear layers as PyTorch has them.

def linear(self, x: Tensor, w: Tensor) -> Tensor:
  return torch.linear(x, w)

# y + x w^T
def linear_add(self, x: Tensor, y: Tensor, w: Tensor) -> Tensor:
  return torch.addmm(y, x, torch.t(w))

def packed(self, w: Tensor) -> Tensor:
  return w
