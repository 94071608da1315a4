# Forward passes of a Llama with a key/value cache and, for each row, its own sum of adapters.
#
# T tokens, V vocabulary, H hidden, N query heads, KV key/value heads, G = N / KV, D width of a head, I width of the MLP,
# C capacity of the cache, R ranks of all adapters of the pass together.
# w    for each block: norm [H], q|k|v [(N + 2 KV) D, H], o [H, N D], norm [H], gate|up [2 I, H], down [H, I]
# keys, values  for each block [rows, KV, C, D]
# begins  where each row's tokens begin, and where the last ones end
# a    for each row, or one for all: for each block q|k|v [3 R, H], o [R, N D], gate|up [2 R, H], down [R, I]; empty where
#      the row has no adapters
# b    likewise: for each block q, k, v as one block-diagonal matrix [(N + 2 KV) D, 3 R], q, k, v [out, R], o [H, R], gate
#      and up as one [2 I, 2 R], gate, up [I, R], down [H, R]; a tensor without elements where no adapter has the module,
#      and for either the one matrix or its parts
# weights  likewise: [T, R] or [1, R], the weight of each adapter in each token's row, 0 where the row doesn't use it
# cos, sin [positions, D]; the first half of sin's columns is negated

def cast(self, x: Tensor, dtype: int) -> Tensor:
  return torch.to(x, dtype)

def cast_copy(self, x: Tensor, dtype: int) -> Tensor:
  return torch.to(x, dtype, False, True)

def join(self, xs: List[Tensor], dim: int) -> Tensor:
  return torch.cat(xs, dim)

def block_diagonal(self, xs: List[Tensor]) -> Tensor:
  return torch.block_diag(xs)

def zeros_like(self, x: Tensor, shape: List[int]) -> Tensor:
  return torch.new_zeros(x, shape)

# Root mean square norm (Zhang and Sennrich 2019), in float32: sqrt(mean(x^2) + eps) from the length of x, which is one
# pass over it.
def norm(self, x: Tensor, w: Tensor) -> Tensor:
  length = torch.linalg_vector_norm(x, 2, [-1], True, dtype=6)
  n = torch.mul_(torch.hypot(length, torch.new_full(length, [1], ${norm_floor})), ${norm_scale})
  return torch.to(torch.mul_(torch.div(x, n), w), ${dtype})

# Rotary embedding (Su et al. 2021) in Hugging Face's order of halves; x [T, heads, D].
def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  return torch.addcmul_(x * cos, torch.roll(x, [${half_head}], [-1]), sin)

# Adds B d of one module to its columns of y.
def add_up(self, y: Tensor, start: int, end: int, d: Tensor, part: int, b: Tensor) -> Tensor:
  if b.numel() > 0:
    r = torch.size(b, 1)
    z = torch.add_(y[:, start:end], self.adapter_linear(d[:, part * r:(part + 1) * r].contiguous(), b))
  return y

# y and what the adapters of modules that share their input x add to it: B of all in one matrix, or one by one.
def add_modules(self, y: Tensor, x: Tensor, a: Tensor, joint: Tensor, parts: List[Tensor], ends: List[int], weights: Tensor) -> Tensor:
  if joint.numel() > 0 or len(parts) > 0:
    d = torch.mul_(self.adapter_linear(x, a), weights)
    if joint.numel() > 0:
      y = self.adapter_linear_add(d, y, joint)
    else:
      start = 0
      for p in range(len(parts)):
        y = self.add_up(y, start, ends[p], d, p, parts[p])
        start = ends[p]
  return y

# site 0: q|k|v, 1: o, 2: gate|up, 3: down; weights: once, twice, three times side by side
def add_site(self, y: Tensor, x: Tensor, site: int, l: int, a: List[Tensor], b: List[Tensor], weights: List[Tensor]) -> Tensor:
  if site == 0:
    y = self.add_modules(y, x, a[4 * l], b[9 * l], b[9 * l + 1:9 * l + 4], [${q_end}, ${k_end}, ${v_end}], weights[2])
  elif site == 1:
    y = self.add_modules(y, x, a[4 * l + 1], b[9 * l + 4], b[0:0], [0], weights[0])
  elif site == 2:
    y = self.add_modules(y, x, a[4 * l + 2], b[9 * l + 5], b[9 * l + 6:9 * l + 8], [${intermediate}, 2 * ${intermediate}], weights[1])
  else:
    y = self.add_modules(y, x, a[4 * l + 3], b[9 * l + 8], b[0:0], [0], weights[0])
  return y

# Each row's adapters are added to its part of y.
def add(self, y: Tensor, x: Tensor, site: int, l: int, begins: List[int], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  n = len(a)
  for i in range(n):
    if len(a[i]) > 0:
      if n == 1:
        y = self.add_site(y, x, site, l, a[i], b[i], weights[i])
      else:
        part = y[begins[i]:begins[i + 1]]
        e = torch.copy_(part, self.add_site(part, x[begins[i]:begins[i + 1]], site, l, a[i], b[i], weights[i]))
  return y

def repeated(self, weights: List[Tensor]) -> List[List[Tensor]]:
  r = annotate(List[List[Tensor]], [])
  for i in range(len(weights)):
    w = weights[i]
    e = torch.append(r, [w, torch.cat([w, w], 1), torch.cat([w, w, w], 1)])
  return r

def block_start(self, x: Tensor, l: int, w: List[Tensor], begins: List[int], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  h = self.norm(x, w[6 * l])
  return self.add(self.linear(h, w[6 * l + 1]), h, 0, l, begins, a, b, weights)

def block_end(self, x0: Tensor, o: Tensor, l: int, w: List[Tensor], begins: List[int], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  x = self.add(self.linear_add(o, x0, w[6 * l + 2]), o, 1, l, begins, a, b, weights)
  h = self.norm(x, w[6 * l + 3])
  y = self.add(self.linear(h, w[6 * l + 4]), h, 2, l, begins, a, b, weights)
  g = torch.mul_(torch.silu(y[:, 0:${intermediate}]), y[:, ${intermediate}:2 * ${intermediate}])
  return self.add(self.linear_add(g, x, w[6 * l + 5]), g, 3, l, begins, a, b, weights)

# One token for each of rows 0..T-1 of the cache: token t stands at positions[t] of row t. Logits [T, V].
# places [T KV]: where in keys and values, seen as [rows KV C, D], the new ones go; length: so many places are looked at,
# at least those of the longest row with its new token.
def decode(self, embed: Tensor, tokens: Tensor, positions: Tensor, places: Tensor, length: int, steps: Tensor, cos_table: Tensor, sin_table: Tensor, w: List[Tensor], last_norm: Tensor, head: Tensor, keys: List[Tensor], values: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[Tensor]) -> Tensor:
  t = torch.size(tokens, 0)
  x = torch.to(torch.embedding(embed, tokens), ${dtype})
  cos = torch.unsqueeze(torch.index_select(cos_table, 0, positions), 1)
  sin = torch.unsqueeze(torch.index_select(sin_table, 0, positions), 1)
  each = self.repeated(weights)
  begins = [0, t]
  # [T KV, G, length]
  unseen = torch.to(steps[0:length] > torch.unsqueeze(positions, 1), ${dtype}) * -1.0e+30
  mask = torch.reshape(torch.expand(torch.view(unseen, [t, 1, 1, length]), [t, ${kv_heads}, ${group}, length]), [t * ${kv_heads}, ${group}, length])
  for l in range(${blocks}):
    y = self.block_start(x, l, w, begins, a, b, each)
    qk = self.rotate(torch.view(y[:, 0:${k_end}], [t, ${heads} + ${kv_heads}, ${head}]), cos, sin)
    ek = torch.index_copy_(torch.view(keys[l], [-1, ${head}]), 0, places, torch.reshape(qk[:, ${heads}:${heads} + ${kv_heads}], [-1, ${head}]))
    ev = torch.index_copy_(torch.view(values[l], [-1, ${head}]), 0, places, torch.reshape(y[:, ${k_end}:${v_end}], [-1, ${head}]))
    # [T KV, G, D]: the heads of a group share their keys
    q = torch.reshape(qk[:, 0:${heads}], [t * ${kv_heads}, ${group}, ${head}])
    k = torch.view(keys[l][0:t], [t * ${kv_heads}, -1, ${head}])
    v = torch.view(values[l][0:t], [t * ${kv_heads}, -1, ${head}])
    p = torch.softmax(torch.baddbmm(mask, q, torch.transpose(k[:, 0:length], 1, 2), alpha=${scale}), -1)
    o = torch.bmm(p, v[:, 0:length])
    x = self.block_end(x, torch.reshape(o, [t, ${q_end}]), l, w, begins, a, b, each)
  return self.linear(self.norm(x, last_norm), head)

# Attention of one row's new tokens, which stand from position start on: its keys and values are put into the cache.
# qk [t, N + KV, D], v [t, KV, D] -> [t, N D]
def attend(self, qk: Tensor, v: Tensor, keys: Tensor, values: Tensor, start: int, mask: Tensor) -> Tensor:
  t = torch.size(qk, 0)
  end = start + t
  ek = torch.copy_(keys[:, start:end], torch.transpose(qk[:, ${heads}:${heads} + ${kv_heads}], 0, 1))
  ev = torch.copy_(values[:, start:end], torch.transpose(v, 0, 1))
  # [KV, G t, D]: the heads of a group share their keys
  q = torch.reshape(torch.permute(torch.view(qk[:, 0:${heads}], [t, ${kv_heads}, ${group}, ${head}]), [1, 2, 0, 3]), [${kv_heads}, ${group} * t, ${head}])
  s = torch.mul_(torch.bmm(q, torch.transpose(keys[:, 0:end], 1, 2)), ${scale})
  p = torch.softmax(torch.add_(torch.view(s, [${kv_heads}, ${group}, t, end]), mask), -1)
  o = torch.bmm(torch.view(p, [${kv_heads}, ${group} * t, end]), values[:, 0:end])
  return torch.reshape(torch.permute(torch.view(o, [${kv_heads}, ${group}, t, ${head}]), [2, 0, 1, 3]), [t, ${q_end}])

# Prompt tokens of some rows, one row's after another's, T in all: row rows[i]'s stand from position starts[i] on, and
# among the tokens from begins[i] on. Logits [n, V] of the n tokens in last.
def prefill(self, embed: Tensor, tokens: Tensor, positions: Tensor, rows: List[int], starts: List[int], begins: List[int], last: Tensor, cos_table: Tensor, sin_table: Tensor, w: List[Tensor], last_norm: Tensor, head: Tensor, keys: List[Tensor], values: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[Tensor]) -> Tensor:
  t = torch.size(tokens, 0)
  n = len(rows)
  x = torch.to(torch.embedding(embed, tokens), ${dtype})
  cos = torch.unsqueeze(torch.index_select(cos_table, 0, positions), 1)
  sin = torch.unsqueeze(torch.index_select(sin_table, 0, positions), 1)
  each = self.repeated(weights)
  masks = annotate(List[Tensor], [])
  for i in range(n):
    count = begins[i + 1] - begins[i]
    e = torch.append(masks, torch.triu(torch.new_full(x, [count, starts[i] + count], -1.0e+30), starts[i] + 1))
  for l in range(${blocks}):
    y = self.block_start(x, l, w, begins, a, b, each)
    qk = self.rotate(torch.view(y[:, 0:${k_end}], [t, ${heads} + ${kv_heads}, ${head}]), cos, sin)
    v = torch.view(y[:, ${k_end}:${v_end}], [t, ${kv_heads}, ${head}])
    os = annotate(List[Tensor], [])
    for i in range(n):
      e = torch.append(os, self.attend(qk[begins[i]:begins[i + 1]], v[begins[i]:begins[i + 1]], keys[l][rows[i]], values[l][rows[i]], starts[i], masks[i]))
    x = self.block_end(x, torch.cat(os, 0), l, w, begins, a, b, each)
  if torch.size(last, 0) < t:
    x = torch.index_select(x, 0, last)
  return self.linear(self.norm(x, last_norm), head)

# Largest logit of each row, and where; a row with a NaN gives NaN.
def best(self, logits: Tensor) -> List[Tensor]:
  m, i = torch.max(logits, -1)
  return [torch.to(m, 6), i]

# Of the rows in `which`: the k largest logits, their ids, and the logarithm of the sum of exponentials at temperature 1.
def largest(self, logits: Tensor, which: Tensor, k: int) -> List[Tensor]:
  x = torch.to(torch.index_select(logits, 0, which), 6)
  m, i = torch.topk(x, k)
  return [m, i, torch.logsumexp(x, [-1])]

# [rows]: the logarithm of the sum of exponentials of logits / temperature.
def normalisers(self, logits: Tensor, which: Tensor, temperatures: Tensor) -> Tensor:
  return torch.logsumexp(torch.to(torch.index_select(logits, 0, which), 6) / temperatures, [-1])

def row(self, logits: Tensor, i: int) -> Tensor:
  return torch.to(logits[i], 6)

# A cache of another size with what fits of the old one.
def resize(self, old: Tensor, rows: int, capacity: int) -> Tensor:
  r = torch.new_zeros(old, [rows, ${kv_heads}, capacity, ${head}])
  n = torch.size(old, 0)
  e = torch.copy_(r[0:n, :, 0:torch.size(old, 2)], old[:, :, 0:capacity])
  return r

def move_row(self, caches: List[Tensor], from_row: int, to_row: int, length: int) -> int:
  for l in range(len(caches)):
    e = torch.copy_(caches[l][to_row, :, 0:length], caches[l][from_row, :, 0:length])
  return 0

def clear_row(self, caches: List[Tensor], row: int) -> int:
  for l in range(len(caches)):
    e = torch.zero_(caches[l][row])
  return 0

# Of each target given the row before it; the last row has none.
def negative_log_likelihood(self, logits: Tensor, targets: Tensor) -> Tensor:
  x = torch.to(logits[0:torch.size(targets, 0)], 6)
  return torch.logsumexp(x, [-1]) - torch.squeeze(torch.gather(x, 1, torch.unsqueeze(targets, 1)), 1)
