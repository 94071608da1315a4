# Forward passes of a Llama with a key/value cache and, for each row, its own sum of adapters.
#
# T tokens, V vocabulary, H hidden, N query heads, KV key/value heads, G = N / KV, D width of a head, I width of the MLP,
# C capacity of the cache, R ranks of all adapters of the pass together.
# w    for each block: norm [H], q|k|v [(N + 2 KV) D, H], o [H, N D], norm [H], gate|up [2 I, H], down [H, I]
# keys, values  for each block [rows, KV, C, D]
# a    for each block: q|k|v [3 R, H], o [R, N D], gate|up [2 R, H], down [R, I]; empty where the pass has no adapters
# b    for each block: q, k, v as one block-diagonal matrix [(N + 2 KV) D, 3 R], q, k, v [out, R], o [H, R], gate and up as
#      one [2 I, 2 R], gate, up [I, R], down [H, R]; a tensor without elements where no adapter has the module, and for
#      either the one matrix or its parts
# weights [T, R] or [1, R]: the weight of each adapter in each token's row, 0 where the row doesn't use it
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

# Root mean square norm (Zhang and Sennrich 2019).
def norm(self, x: Tensor, w: Tensor) -> Tensor:
  return torch.rms_norm(x, [${hidden}], w, ${eps})

# Rotary embedding (Su et al. 2021) in Hugging Face's order of halves; x [T, heads, D].
def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  return torch.addcmul_(x * cos, torch.roll(x, [${half_head}], [-1]), sin)

# [T, k R]: what the adapters' A make of x, weighted.
def down_to_rank(self, x: Tensor, a: Tensor, weights: Tensor) -> Tensor:
  return torch.mul_(self.adapter_linear(x, a), weights)

# Adds B d of one module to its columns of y.
def add_up(self, y: Tensor, start: int, end: int, d: Tensor, part: int, b: Tensor) -> Tensor:
  if b.numel() > 0:
    r = torch.size(b, 1)
    z = torch.add_(y[:, start:end], self.adapter_linear(d[:, part * r:(part + 1) * r].contiguous(), b))
  return y

def block_start(self, x: Tensor, l: int, w: List[Tensor], a: List[Tensor], b: List[Tensor], weights3: Tensor) -> Tensor:
  h = self.norm(x, w[6 * l])
  y = self.linear(h, w[6 * l + 1])
  if len(a) > 0:
    d = self.down_to_rank(h, a[4 * l], weights3)
    if b[9 * l].numel() > 0:
      y = self.adapter_linear_add(d, y, b[9 * l])
    else:
      y = self.add_up(y, 0, ${q_end}, d, 0, b[9 * l + 1])
      y = self.add_up(y, ${q_end}, ${k_end}, d, 1, b[9 * l + 2])
      y = self.add_up(y, ${k_end}, ${v_end}, d, 2, b[9 * l + 3])
  return y

def block_end(self, x0: Tensor, o: Tensor, l: int, w: List[Tensor], a: List[Tensor], b: List[Tensor], weights: Tensor, weights2: Tensor) -> Tensor:
  x = self.linear_add(o, x0, w[6 * l + 2])
  if len(a) > 0:
    if b[9 * l + 4].numel() > 0:
      x = self.adapter_linear_add(self.down_to_rank(o, a[4 * l + 1], weights), x, b[9 * l + 4])
  h = self.norm(x, w[6 * l + 3])
  y = self.linear(h, w[6 * l + 4])
  if len(a) > 0:
    d = self.down_to_rank(h, a[4 * l + 2], weights2)
    if b[9 * l + 5].numel() > 0:
      y = self.adapter_linear_add(d, y, b[9 * l + 5])
    else:
      y = self.add_up(y, 0, ${intermediate}, d, 0, b[9 * l + 6])
      y = self.add_up(y, ${intermediate}, 2 * ${intermediate}, d, 1, b[9 * l + 7])
  g = torch.mul_(torch.silu(y[:, 0:${intermediate}]), y[:, ${intermediate}:2 * ${intermediate}])
  x = self.linear_add(g, x, w[6 * l + 5])
  if len(a) > 0:
    if b[9 * l + 8].numel() > 0:
      x = self.adapter_linear_add(self.down_to_rank(g, a[4 * l + 3], weights), x, b[9 * l + 8])
  return x

# One token for each of rows 0..T-1 of the cache: token t stands at positions[t] of row t. Logits [T, V].
# places [T KV]: where in keys and values, seen as [rows KV C, D], the new ones go; length: longest row with its new token.
def decode(self, embed: Tensor, tokens: Tensor, positions: Tensor, places: Tensor, length: int, steps: Tensor, cos_table: Tensor, sin_table: Tensor, w: List[Tensor], last_norm: Tensor, head: Tensor, keys: List[Tensor], values: List[Tensor], a: List[Tensor], b: List[Tensor], weights: Tensor) -> Tensor:
  t = torch.size(tokens, 0)
  x = torch.to(torch.embedding(embed, tokens), ${dtype})
  cos = torch.unsqueeze(torch.index_select(cos_table, 0, positions), 1)
  sin = torch.unsqueeze(torch.index_select(sin_table, 0, positions), 1)
  weights2 = torch.cat([weights, weights], 1)
  weights3 = torch.cat([weights, weights, weights], 1)
  unseen = torch.to(steps[0:length] > torch.unsqueeze(positions, 1), ${dtype}) * -1.0e+30
  mask = torch.view(unseen, [t, 1, 1, length])
  for l in range(${blocks}):
    y = self.block_start(x, l, w, a, b, weights3)
    qk = self.rotate(torch.view(y[:, 0:${k_end}], [t, ${heads} + ${kv_heads}, ${head}]), cos, sin)
    ek = torch.index_copy_(torch.view(keys[l], [-1, ${head}]), 0, places, torch.reshape(qk[:, ${heads}:${heads} + ${kv_heads}], [-1, ${head}]))
    ev = torch.index_copy_(torch.view(values[l], [-1, ${head}]), 0, places, torch.reshape(y[:, ${k_end}:${v_end}], [-1, ${head}]))
    q = torch.view(qk[:, 0:${heads}], [t, ${kv_heads}, ${group}, ${head}])
    o = torch.scaled_dot_product_attention(q, keys[l][0:t, :, 0:length], values[l][0:t, :, 0:length], mask, 0., False, scale=${scale}, enable_gqa=False)
    x = self.block_end(x, torch.reshape(o, [t, ${q_end}]), l, w, a, b, weights, weights2)
  return self.linear(self.norm(x, last_norm), head)

# T tokens of one row, from position start on. Logits [1, V] of the last one, or [T, V] of all.
def prefill(self, embed: Tensor, tokens: Tensor, row: int, start: int, all_logits: bool, cos_table: Tensor, sin_table: Tensor, w: List[Tensor], last_norm: Tensor, head: Tensor, keys: List[Tensor], values: List[Tensor], a: List[Tensor], b: List[Tensor], weights: Tensor) -> Tensor:
  t = torch.size(tokens, 0)
  end = start + t
  x = torch.to(torch.embedding(embed, tokens), ${dtype})
  cos = torch.unsqueeze(cos_table[start:end], 1)
  sin = torch.unsqueeze(sin_table[start:end], 1)
  weights2 = torch.cat([weights, weights], 1)
  weights3 = torch.cat([weights, weights, weights], 1)
  mask = torch.triu(torch.new_full(x, [t, end], -1.0e+30), start + 1)
  for l in range(${blocks}):
    y = self.block_start(x, l, w, a, b, weights3)
    qk = self.rotate(torch.view(y[:, 0:${k_end}], [t, ${heads} + ${kv_heads}, ${head}]), cos, sin)
    k = keys[l][row]
    v = values[l][row]
    ek = torch.copy_(k[:, start:end], torch.transpose(qk[:, ${heads}:${heads} + ${kv_heads}], 0, 1))
    ev = torch.copy_(v[:, start:end], torch.transpose(torch.view(y[:, ${k_end}:${v_end}], [t, ${kv_heads}, ${head}]), 0, 1))
    # [KV, G T, D]: the heads of a group share their keys
    q = torch.reshape(torch.permute(torch.view(qk[:, 0:${heads}], [t, ${kv_heads}, ${group}, ${head}]), [1, 2, 0, 3]), [${kv_heads}, ${group} * t, ${head}])
    s = torch.mul_(torch.bmm(q, torch.transpose(k[:, 0:end], 1, 2)), ${scale})
    p = torch.softmax(torch.add_(torch.view(s, [${kv_heads}, ${group}, t, end]), mask), -1)
    o = torch.bmm(torch.view(p, [${kv_heads}, ${group} * t, end]), v[:, 0:end])
    o = torch.permute(torch.view(o, [${kv_heads}, ${group}, t, ${head}]), [2, 0, 1, 3])
    x = self.block_end(x, torch.reshape(o, [t, ${q_end}]), l, w, a, b, weights, weights2)
  if not all_logits:
    x = x[t - 1:t]
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
