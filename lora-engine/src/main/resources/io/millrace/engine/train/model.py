# The whole model on one micro-batch.
#
# tables: 0 embedding [V, H], 1 final norm [H], 2 head [V, H], 3 cosines [positions, D] f32, 4 sines alike with the first
#         half of each row negated, 5 pairs [256] complex64, 6 dynamic map [256]
# layers: `frozen` of each block; adapters: `adapter` of each block; grads: where their gradients are added, alike
# joint: the four joint weights of each block, with zeros where `spec` names nothing. Those of the first `held` blocks are
#        their own and have the base's weights in them; the others are one room, which each block fills anew
# pool, rows: dropout, see dropout_mask; both empty for none

# What all blocks share in this micro-batch: cosines and sines of q and k, and the causal mask
def shared(self, length: int, tables: List[Tensor], dtype: int) -> List[Tensor]:
  cos = tables[3][0:length]
  sin = tables[4][0:length]
  causal = torch.full([length, length], float("-inf"), dtype=dtype, device=cos.device).triu_(1).repeat([${queriesPerKey}, 1])
  return [(cos * ${queryScale}).to(dtype), (sin * ${queryScale}).to(dtype), cos.to(dtype), sin.to(dtype), causal]

# Row t of a mask is a window of the pool, which holds 0 or 1 / (1 - p); starts [T] says where each window begins
def dropout_mask(self, pool: Tensor, starts: Tensor, width: int) -> Tensor:
  windows = torch.as_strided(pool, [pool.size(0) - width, width], [1, 1])
  return torch.index_select(windows, 0, starts)

def with_masks(self, common: List[Tensor], pool: Tensor, starts: Tensor, layer: int) -> List[Tensor]:
  step = [common[0], common[1], common[2], common[3], common[4]]
  widths = [${hidden}, ${queryWidth}, ${hidden}, ${intermediate}]
  for group in range(4):
    if pool.numel() > 0:
      step.append(self.dropout_mask(pool, starts[4 * layer + group], widths[group]))
    else:
      step.append(pool)
  return step

# Writes the base's weights into the joint ones of the first `held` blocks
def hold(self, tables: List[Tensor], layers: List[List[Tensor]], starts: List[int], joint: List[List[Tensor]], held: int) -> int:
  for l in range(held):
    self.place_base(joint[l], layers[l], starts, tables)
  return 0

# ids [B, S] -> the final hidden states [T, H] as the only tensor of the last list; before it what each block keeps
def forward(self, ids: Tensor, keep: int, tables: List[Tensor], layers: List[List[Tensor]], starts: List[int], adapters: List[List[Tensor]], spec: List[int], scale: float, joint: List[List[Tensor]], held: int, common: List[Tensor], pool: Tensor, rows: Tensor) -> List[List[Tensor]]:
  dtype = joint[0][0].dtype
  x = torch.embedding(tables[0], ids.view([-1])).to(dtype)
  kept: List[List[Tensor]] = []
  for l in range(len(layers)):
    if l >= held:
      self.place_base(joint[l], layers[l], starts, tables)
    self.place_adapter(joint[l], adapters[l], spec)
    state = self.block_forward(x, ids.size(0), joint[l], layers[l], self.with_masks(common, pool, rows, l), adapters[l], scale)
    if keep == 2:
      kept.append(state)
    if keep == 1:
      kept.append([x])
    x = state[0]
  kept.append([x])
  return kept

# Negative log-likelihood [n] f32 of targets [n] at rows [n] of x [T, H], and where coefficients [n, 1] f32 are given
# the gradient of sum(coefficients * nll) with respect to x. At most `chunk` rows of logits stand in memory at a time, in
# x's type, for products of many rows are faster; `strip` rows in f32, which the processor's cache holds.
def head(self, x: Tensor, at: Tensor, targets: Tensor, coefficients: Tensor, tables: List[Tensor], chunk: int, strip: int) -> List[Tensor]:
  unit, r = self.normalise(torch.index_select(x, 0, at))
  h = unit * tables[1]
  n = at.size(0)
  nll = torch.empty([n], dtype=6, device=x.device)
  total = torch.empty([n, 1], dtype=6, device=x.device)
  gh = torch.empty([0], dtype=x.dtype, device=x.device)
  if coefficients.numel() > 0:
    gh = torch.empty_like(h)
  chunks = (n + chunk - 1) // chunk
  room = torch.empty([(n + chunks - 1) // chunks, tables[2].size(0)], dtype=x.dtype, device=x.device)
  cache = torch.empty([strip, tables[2].size(0)], dtype=6, device=x.device)
  for c in range(chunks):
    i = n * c // chunks
    j = n * (c + 1) // chunks
    logits = torch.mm(h[i:j], tables[2].t(), out=room[0:j - i])
    k = i
    while k < j:
      m = min(k + strip, j)
      values = cache[0:m - k].copy_(logits[k - i:m - i])
      largest = torch.amax(values, [-1], True)
      target = torch.gather(values, 1, targets[k:m].unsqueeze(1))
      e = values.sub_(largest).exp_()
      total[k:m].copy_(torch.sum(e, [-1], True))
      nll[k:m].copy_((torch.log(total[k:m]) + largest - target).squeeze(1))
      if coefficients.numel() > 0:
        logits[k - i:m - i].copy_(e)
      k = m
    if coefficients.numel() > 0:
      # d nll / d h = sum_v p_v w_v - w_target
      part = coefficients[i:j]
      mean = torch.mm(logits, tables[2])
      gh[i:j].copy_(mean * (part / total[i:j]) - torch.index_select(tables[2], 0, targets[i:j]) * part)
  result = [nll]
  if coefficients.numel() > 0:
    g = self.normalise_backward(gh, unit, r, tables[1])
    result.append(torch.zeros_like(x).index_copy_(0, at, g))
  return result

# Adds the gradient of sum(coefficients * nll) to `grads`; returns nll [n].
# recompute: keep only each block's input and run its forward again before its backward
def gradient(self, ids: Tensor, at: Tensor, targets: Tensor, coefficients: Tensor, recompute: bool, tables: List[Tensor], layers: List[List[Tensor]], starts: List[int], adapters: List[List[Tensor]], grads: List[List[Tensor]], spec: List[int], scale: float, joint: List[List[Tensor]], held: int, pool: Tensor, rows: Tensor, chunk: int, strip: int) -> Tensor:
  keep = 2
  if recompute:
    keep = 1
  common = self.shared(ids.size(1), tables, joint[0][0].dtype)
  kept = self.forward(ids, keep, tables, layers, starts, adapters, spec, scale, joint, held, common, pool, rows)
  last = kept.pop()
  out = self.head(last[0], at, targets, coefficients, tables, chunk, strip)
  g = out[1]
  last.clear()
  for i in range(len(layers)):
    l = len(layers) - 1 - i
    step = self.with_masks(common, pool, rows, l)
    # The last block's weights are in the room still.
    if l >= held and i > 0:
      self.place_base(joint[l], layers[l], starts, tables)
      self.place_adapter(joint[l], adapters[l], spec)
    state = kept.pop()
    if recompute:
      state = self.block_forward(state[0], ids.size(0), joint[l], layers[l], step, adapters[l], scale)
    g = self.block_backward(state, g, ids.size(0), joint[l], layers[l], step, adapters[l], scale, grads[l], spec)
  return out[0]

# nll [n] without gradients
def losses(self, ids: Tensor, at: Tensor, targets: Tensor, tables: List[Tensor], layers: List[List[Tensor]], starts: List[int], adapters: List[List[Tensor]], spec: List[int], scale: float, joint: List[List[Tensor]], held: int, chunk: int, strip: int) -> Tensor:
  none = torch.zeros([0], device=ids.device)
  common = self.shared(ids.size(1), tables, joint[0][0].dtype)
  kept = self.forward(ids, 0, tables, layers, starts, adapters, spec, scale, joint, held, common, none, none)
  return self.head(kept[0][0], at, targets, none, tables, chunk, strip)[0]

# nll [n], and [n] f32: 1 where the target is what greedy decoding takes, else 0
def scores(self, ids: Tensor, at: Tensor, targets: Tensor, tables: List[Tensor], layers: List[List[Tensor]], starts: List[int], adapters: List[List[Tensor]], spec: List[int], scale: float, joint: List[List[Tensor]], held: int, chunk: int, strip: int) -> List[Tensor]:
  none = torch.zeros([0], device=ids.device)
  common = self.shared(ids.size(1), tables, joint[0][0].dtype)
  x = self.forward(ids, 0, tables, layers, starts, adapters, spec, scale, joint, held, common, none, none)[0][0]
  unit, r = self.normalise(torch.index_select(x, 0, at))
  h = unit * tables[1]
  right: List[Tensor] = []
  i = 0
  while i < at.size(0):
    j = min(i + chunk, at.size(0))
    best = torch.argmax(torch.linear(h[i:j], tables[2]), -1)
    right.append((best == targets[i:j]).to(6))
    i = j
  return [self.head(x, at, targets, none, tables, chunk, strip)[0], torch.cat(right)]

# Logits [n, V] f32 at rows [n]
def logits(self, ids: Tensor, at: Tensor, tables: List[Tensor], layers: List[List[Tensor]], starts: List[int], adapters: List[List[Tensor]], spec: List[int], scale: float, joint: List[List[Tensor]], held: int) -> Tensor:
  none = torch.zeros([0], device=ids.device)
  common = self.shared(ids.size(1), tables, joint[0][0].dtype)
  kept = self.forward(ids, 0, tables, layers, starts, adapters, spec, scale, joint, held, common, none, none)
  unit, r = self.normalise(torch.index_select(kept[0][0], 0, at))
  return torch.linear(unit * tables[1], tables[2]).to(6)
