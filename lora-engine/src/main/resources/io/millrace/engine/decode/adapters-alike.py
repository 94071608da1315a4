# Adapters' weights are as those of the base's linear layers.

def adapter_linear(self, x: Tensor, w: Tensor) -> Tensor:
  return self.linear(x, w)

# y + x w^T
def adapter_linear_add(self, x: Tensor, y: Tensor, w: Tensor) -> Tensor:
  return self.linear_add(x, y, w)
