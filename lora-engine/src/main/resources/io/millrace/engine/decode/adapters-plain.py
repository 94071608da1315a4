# Adapters' weights as they come, whatever layout the base's linear layers have.

def adapter_linear(self, x: Tensor, w: Tensor) -> Tensor:
  return torch.linear(x, w)

# y + x w^T, in place of y
def adapter_linear_add(self, x: Tensor, y: Tensor, w: Tensor) -> Tensor:
  return torch.addmm_(y, x, torch.t(w))
