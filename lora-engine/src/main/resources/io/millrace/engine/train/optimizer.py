# AdamW (Loshchilov and Hutter 2019) on one flat vector, padded with zeros to a multiple of 1024.

# Sum of squares of each 1024 elements, [size / 1024] f32. Fixed parts, so that the number of threads changes no bit.
def squares(self, g: Tensor) -> Tensor:
  norms = torch.linalg_vector_norm(g.view([-1, 1024]), 2, [1])
  return norms * norms

# Updates in place. Each list holds one tensor; a list made in here would hide from the compiler that its tensor changes.
# steps: [1] f32, optimizer steps taken before, counted up here; factor: what the gradient is multiplied with
def adamw(self, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], factor: float, lr: float, beta1: float, beta2: float, eps: float, decay: float) -> int:
  if factor != 1.0:
    g[0].mul_(factor)
  torch._foreach_add_(steps, 1)
  torch._fused_adamw_(p, g, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
  return 0

# The views of a flat vector, in the order of `shapes`: [rows, columns] pairs, each with where it begins
def views(self, flat: Tensor, layout: List[int]) -> List[Tensor]:
  r: List[Tensor] = []
  for i in range(len(layout) // 3):
    rows = layout[3 * i + 1]
    columns = layout[3 * i + 2]
    begin = layout[3 * i]
    r.append(flat[begin:begin + rows * columns].view([rows, columns]))
  return r

def zeros(self, shape: List[int], dtype: int, like: Tensor) -> Tensor:
  return torch.zeros(shape, dtype=dtype, device=like.device)

def zero(self, x: Tensor) -> int:
  x.zero_()
  return 0

def copy_into(self, out: Tensor, x: Tensor) -> int:
  out.copy_(x)
  return 0

def copy(self, x: Tensor) -> Tensor:
  return x.clone()

# kept += part * (x - kept)
def average(self, kept: Tensor, x: Tensor, part: float) -> int:
  kept.lerp_(x, part)
  return 0

def cast(self, x: Tensor, dtype: int) -> Tensor:
  return x.to(dtype)

def as_complex(self, pairs: Tensor) -> Tensor:
  return torch.view_as_complex(pairs).clone()
