# The bytes of a tensor read as another element type, in memory of its own.
def view_as(self, x: Tensor, dtype: int, shape: List[int]) -> Tensor:
  return torch.view_copy(x, dtype=dtype).reshape(shape)
