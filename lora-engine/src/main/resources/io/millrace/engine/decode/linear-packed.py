# Linear layers with weights in oneDNN's own blocked layout: CPU only, bf16. Half the time of plain weights when few
# tokens share a pass.

def linear(self, x: Tensor, w: Tensor) -> Tensor:
  return ops.mkldnn._linear_pointwise(x, w, None, "none", [], "")

# y + x w^T
def linear_add(self, x: Tensor, y: Tensor, w: Tensor) -> Tensor:
  return ops.mkldnn._linear_pointwise(x, y, w, None, "add")

# The layout chosen for 8 tokens was measured to be as good for 64.
def packed(self, w: Tensor) -> Tensor:
  return ops.mkldnn._reorder_linear_weight(w.contiguous(), 8)
