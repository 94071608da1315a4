# One Llama block: forward that keeps what backward needs, and backward by hand.
#
# T = B * S tokens; H hidden, I intermediate, D head width; NH query heads, KV key/value heads, G = NH / KV.
# The seven linear modules are four groups that share an input: 0 q|k|v, 1 o, 2 gate|up, 3 down.
# With k LoRA columns in a group, its base weight and B stand side by side in one matrix [out, in + k], and its input x
# beside s * A(x) in one matrix [T, in + k]: base and adapter are one product, and so are both gradients of the input.
# B's part is block diagonal where several modules of a group are adapted: `spec` holds, for each adapted module,
# [group, first row, last row, first column, last column] (ends exclusive).

# Writes a block's base weights into its four joint ones.
# frozen: the seven weights (u8: NF4 codes; else dense), the two norms, and absmax codes, scales, offsets of the NF4 ones
# starts: where each module's absmax begins; tables: see model.py
def place_base(self, joint: List[Tensor], frozen: List[Tensor], starts: List[int], tables: List[Tensor]) -> int:
  groups = [0, 0, 0, 1, 2, 2, 3]
  rows = [0, ${queryWidth}, ${queryWidth} + ${kvWidth}, 0, 0, ${intermediate}, 0, 0]
  ends = [${queryWidth}, ${queryWidth} + ${kvWidth}, ${queryWidth} + 2 * ${kvWidth}, ${hidden}, ${intermediate}, 2 * ${intermediate}, ${hidden}]
  widths = [${hidden}, ${hidden}, ${hidden}, ${queryWidth}, ${hidden}, ${hidden}, ${intermediate}]
  scales = torch.zeros([0], device=joint[0].device)
  if frozen[9].numel() > 0:
    scales = self.absmax(frozen[9], frozen[10], frozen[11], tables[6])
  for i in range(7):
    out = joint[groups[i]][rows[i]:ends[i], 0:widths[i]]
    w = frozen[i]
    if w.dtype == 0:
      self.dequantise_into(out, w, scales[starts[i]:starts[i] + w.size(0) // 32], tables[5])
    else:
      out.copy_(w)
  return 0

# Writes a block's B beside them. adapter: A of each group, then B of each module
def place_adapter(self, joint: List[Tensor], adapter: List[Tensor], spec: List[int]) -> int:
  for i in range(len(spec) // 5):
    j = joint[spec[5 * i]]
    width = j.size(1) - adapter[spec[5 * i]].size(0)
    j[spec[5 * i + 1]:spec[5 * i + 2], width + spec[5 * i + 3]:width + spec[5 * i + 4]].copy_(adapter[4 + i])
  return 0

# x / rms(x) in f32, rounded to x's type; and 1 / rms(x) [T, 1] f32
def normalise(self, x: Tensor) -> Tuple[Tensor, Tensor]:
  xf = x.to(6)
  r = torch.rsqrt(torch.mean(xf * xf, [-1], True).add_(${eps}))
  return ((xf * r).to(x.dtype), r)

# Gradient of x for y = normalise(x) * weight: r * (g w - x' mean(g w x'))
def normalise_backward(self, g: Tensor, unit: Tensor, r: Tensor, weight: Tensor) -> Tensor:
  gw = (g * weight).to(6)
  u = unit.to(6)
  dot = torch.mean(gw * u, [-1], True)
  return gw.sub_(u.mul_(dot)).mul_(r).to(g.dtype)

# What A sees: the input, with dropout's mask where there is one
def dropped(self, x: Tensor, mask: Tensor) -> Tensor:
  y = x
  if mask.numel() > 0:
    y = x * mask
  return y

# Fills the right columns of [x | s A(x)]; `both` [T, in + k] holds x already. oneDNN's AMX kernels read rows in steps of 32
# numbers, and what they read too far counts as nothing unless it is no number.
def adapt(self, both: Tensor, a: Tensor, scale: float, mask: Tensor) -> int:
  k = a.size(0)
  if k > 0:
    width = both.size(1) - k
    if width % 32 != 0:
      both[:, width:].zero_()
    both[:, width:].copy_(torch.linear(self.dropped(both[:, 0:width], mask), a).mul_(scale))
  return 0

# Gradient of a joint product's input, and of its adapters into `grads`.
# g [T, out] gradient of the product; x [T, in] its input; d [T, k] = s A(x)
def joint_backward(self, g: Tensor, x: Tensor, d: Tensor, group: int, joint: Tensor, a: Tensor, scale: float, mask: Tensor, grads: List[Tensor], spec: List[int]) -> Tensor:
  both = torch.mm(g, joint)
  k = a.size(0)
  r = both
  if k > 0:
    width = both.size(1) - k
    gd = both[:, width:] * scale
    grads[group].add_(torch.mm(gd.t(), self.dropped(x, mask)))
    gb = torch.mm(g.t(), d)
    for i in range(len(spec) // 5):
      if spec[5 * i] == group:
        grads[4 + i].add_(gb[spec[5 * i + 1]:spec[5 * i + 2], spec[5 * i + 3]:spec[5 * i + 4]])
    if mask.numel() > 0:
      r = both[:, 0:width] + torch.mm(gd, a) * mask
    else:
      r = torch.addmm(both[:, 0:width], gd, a)
  return r

# Rotary embedding (Su et al. 2021, halves as in Llama) of x [B, heads, S, D], written into `out` of the same shape.
# The first half of each row of sines is negated. direction: 1 rotates, -1 turns back, which is the gradient
def rotate_into(self, out: Tensor, x: Tensor, cos: Tensor, sin: Tensor, direction: int) -> int:
  half = ${headDim} // 2
  torch.mul(x, cos, out=out)
  out[:, :, :, 0:half].addcmul_(x[:, :, :, half:], sin[:, 0:half], value=direction)
  out[:, :, :, half:].addcmul_(x[:, :, :, 0:half], sin[:, half:], value=direction)
  return 0

# Causal attention weights. q [B, KV, G * S, D] already divided by sqrt(D), k [B, KV, S, D], causal [G * S, S]
def attention_weights(self, q: Tensor, k: Tensor, causal: Tensor) -> Tensor:
  return torch.softmax(torch.matmul(q, k.transpose(-2, -1)).add_(causal), -1)

# x [T, H] -> y [T, H] and what backward needs.
# step: cosines and sines of q (divided by sqrt(D)) and k [S, D], causal mask, then the masks of the four groups
def block_forward(self, x: Tensor, batch: int, joint: List[Tensor], frozen: List[Tensor], step: List[Tensor], adapter: List[Tensor], scale: float) -> List[Tensor]:
  T = x.size(0)
  S = T // batch
  # attention
  unit1, r1 = self.normalise(x)
  c1 = torch.empty([T, joint[0].size(1)], dtype=x.dtype, device=x.device)
  torch.mul(unit1, frozen[7], out=c1[:, 0:${hidden}])
  self.adapt(c1, adapter[0], scale, step[5])
  qkv = torch.linear(c1, joint[0]).view([batch, S, ${heads} + 2 * ${kvHeads}, ${headDim}]).transpose(1, 2)
  q = torch.empty([batch, ${heads}, S, ${headDim}], dtype=x.dtype, device=x.device)
  k = torch.empty([batch, ${kvHeads}, S, ${headDim}], dtype=x.dtype, device=x.device)
  self.rotate_into(q, qkv[:, 0:${heads}], step[0], step[1], 1)
  self.rotate_into(k, qkv[:, ${heads}:${heads} + ${kvHeads}], step[2], step[3], 1)
  v = qkv[:, ${heads} + ${kvHeads}:].contiguous()
  q = q.view([batch, ${kvHeads}, ${queriesPerKey} * S, ${headDim}])
  o = torch.matmul(self.attention_weights(q, k, step[4]), v).view([batch, ${heads}, S, ${headDim}])
  c2 = torch.empty([T, joint[1].size(1)], dtype=x.dtype, device=x.device)
  c2[:, 0:${queryWidth}].view([batch, S, ${heads}, ${headDim}]).copy_(o.transpose(1, 2))
  self.adapt(c2, adapter[1], scale, step[6])
  x1 = torch.linear(c2, joint[1]).add_(x)
  # gated MLP
  unit2, r2 = self.normalise(x1)
  c3 = torch.empty([T, joint[2].size(1)], dtype=x.dtype, device=x.device)
  torch.mul(unit2, frozen[8], out=c3[:, 0:${hidden}])
  self.adapt(c3, adapter[2], scale, step[7])
  gu = torch.linear(c3, joint[2])
  c4 = torch.empty([T, joint[3].size(1)], dtype=x.dtype, device=x.device)
  torch.mul(torch.silu(gu[:, 0:${intermediate}]), gu[:, ${intermediate}:], out=c4[:, 0:${intermediate}])
  self.adapt(c4, adapter[3], scale, step[8])
  y = torch.linear(c4, joint[3]).add_(x1)
  d1 = c1[:, ${hidden}:].contiguous()
  d3 = c3[:, ${hidden}:].contiguous()
  d4 = c4[:, ${intermediate}:].contiguous()
  return [y, x, r1, d1, q, k, v, c2, x1, r2, d3, gu, d4]

# gy [T, H] -> gradient of x [T, H]; adapters' gradients are added to `grads`
def block_backward(self, kept: List[Tensor], gy: Tensor, batch: int, joint: List[Tensor], frozen: List[Tensor], step: List[Tensor], adapter: List[Tensor], scale: float, grads: List[Tensor], spec: List[int]) -> Tensor:
  x = kept[1]
  q = kept[4]
  k = kept[5]
  v = kept[6]
  c2 = kept[7]
  x1 = kept[8]
  gate = kept[11][:, 0:${intermediate}]
  up = kept[11][:, ${intermediate}:]
  T = x.size(0)
  S = T // batch
  # gated MLP: m = silu(gate) * up
  activated = torch.silu(gate)
  gm = self.joint_backward(gy, activated * up, kept[12], 3, joint[3], adapter[3], scale, step[8], grads, spec)
  ggu = torch.empty_like(kept[11])
  torch.mul(gm, activated, out=ggu[:, ${intermediate}:])
  ggu[:, 0:${intermediate}].copy_(torch.silu_backward(gm * up, gate))
  unit2 = (x1 * kept[9]).to(x.dtype)
  gh = self.joint_backward(ggu, unit2 * frozen[8], kept[10], 2, joint[2], adapter[2], scale, step[7], grads, spec)
  gx1 = self.normalise_backward(gh, unit2, kept[9], frozen[8]).add_(gy)
  # attention: o = softmax(q k^T) v
  go = self.joint_backward(gx1, c2[:, 0:${queryWidth}], c2[:, ${queryWidth}:], 1, joint[1], adapter[1], scale, step[6], grads, spec)
  go = go.reshape([batch, S, ${heads}, ${headDim}]).transpose(1, 2).reshape([batch, ${kvHeads}, ${queriesPerKey} * S, ${headDim}])
  p = self.attention_weights(q, k, step[4])
  gqkv = torch.empty([T, ${queryWidth} + 2 * ${kvWidth}], dtype=x.dtype, device=x.device)
  parts = gqkv.view([batch, S, ${heads} + 2 * ${kvHeads}, ${headDim}]).transpose(1, 2)
  parts[:, ${heads} + ${kvHeads}:].copy_(torch.matmul(p.transpose(-2, -1), go))
  gs = torch._softmax_backward_data(torch.matmul(go, v.transpose(-2, -1)), p, -1, p.dtype)
  gq = torch.matmul(gs, k).view([batch, ${heads}, S, ${headDim}])
  self.rotate_into(parts[:, 0:${heads}], gq, step[0], step[1], -1)
  gk = torch.matmul(gs.transpose(-2, -1), q)
  self.rotate_into(parts[:, ${heads}:${heads} + ${kvHeads}], gk, step[2], step[3], -1)
  unit1 = (x * kept[2]).to(x.dtype)
  gh = self.joint_backward(gqkv, unit1 * frozen[7], kept[3], 0, joint[0], adapter[0], scale, step[5], grads, spec)
  return self.normalise_backward(gh, unit1, kept[2], frozen[7]).add_(gx1)
