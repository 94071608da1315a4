# Linear layers with weights in oneDNN's own blocked layout: CPU only, bf16. Half the time of plain weights when few
# tokens share a pass.

def linear(self, x: Tensor, w: Tensor) -> Tensor:
  return ops.mkldnn._linear_pointwise(x, w, None, "none", [], "")

# y + x w^T. oneDNN's sum takes some 0.02 ms longer to set up than an operator of its own takes.
def linear_add(self, x: Tensor, y: Tensor, w: Tensor) -> Tensor:
  return torch.add_(self.linear(x, w), y)

# The layout chosen for 8 tokens was measured to be as good for 64.
def packed(self, w: Tensor) -> Tensor:
  return ops.mkldnn._reorder_linear_weight(w.contiguous(), 8)
