# Forward passes of a Llama with a key/value cache and, for each row, its own sum of adapters.
#
# T tokens, V vocabulary, H hidden, N query heads, KV key/value heads, G = N / KV, D width of a head, I width of the MLP,
# C capacity of the cache, R ranks of all adapters of the pass together.
# w    for each block: norm [H], q|k|v [(N + 2 KV) D, H], o [H, N D], norm [H], gate|up [2 I, H], down [H, I]; norms as
#      norm_weight gives them
# cache  for each block keys and values [2, rows, KV, C, D]
# begins  where each row's tokens begin, and where the last ones end
# abreast  where n rows of a pass are computed as a block of n equal rows, as long as the longest, L: [n L], which of the T
#      tokens stands where (a row is filled up with its last token, which nothing looks at), and [T], where in the block
#      each token stands; else nothing
# a    for each row, or one for all: for each block q|k|v [3 R, H], o [R, N D], gate|up [2 R, H], down [R, I]; empty where
#      the row has no adapters
# b    likewise: for each block q|k|v [(N + 2 KV) D, R], o [H, R], gate|up [2 I, R], down [H, R]; a tensor without elements
#      where no adapter has any of the modules
# weights  likewise: [T, R] or [1, R], the weight of each adapter in each token's row, 0 where the row doesn't use it
# cos, sin [positions, D]; the first half of sin's columns is negated

def cast(self, x: Tensor, dtype: int) -> Tensor:
  return torch.to(x, dtype)

def cast_copy(self, x: Tensor, dtype: int) -> Tensor:
  return torch.to(x, dtype, False, True)

def join(self, xs: List[Tensor], dim: int) -> Tensor:
  return torch.cat(xs, dim)

def part(self, x: Tensor, first_row: int, last_row: int, first_column: int, last_column: int) -> Tensor:
  return x[first_row:last_row, first_column:last_column]

def zeros_like(self, x: Tensor, shape: List[int]) -> Tensor:
  return torch.new_zeros(x, shape)

def norm_weight(self, w: Tensor) -> Tensor:
  return torch.mul_(torch.to(w, 6, False, True), ${norm_scale})

# [1]: what keeps the norm of a zero from being infinite
def norm_floor(self, x: Tensor) -> Tensor:
  return torch.new_full(x, [1], ${norm_floor}, dtype=6)

# Root mean square norm (Zhang and Sennrich 2019), in float32: x w / sqrt(mean(x^2) + eps), with the length of x, which is
# one pass over it, and with sqrt(H) in w and in the floor.
def norm(self, x: Tensor, w: Tensor, floor: Tensor) -> Tensor:
  f = torch.to(x, 6)
  n = torch.hypot(torch.linalg_vector_norm(f, 2, [-1], True), floor)
  return torch.to(torch.mul_(torch.div(f, n), w), ${dtype})

# Rotary embedding (Su et al. 2021) in Hugging Face's order of halves, in place of x [T, heads, D].
def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  turned = torch.roll(x, [${half_head}], [-1])
  return torch.addcmul_(torch.mul_(x, cos), turned, sin)

# What adapters add to y, the product of n modules that share their input x [T, in]: their parts of A x, one below the
# other, go through B of all, and each module takes the block that is its own.
# site: which matrices of a and b; ends: where the modules' columns end; weights: of all their ranks
def add_site(self, y: Tensor, x: Tensor, site: int, ends: List[int], a: List[Tensor], b: List[Tensor], weights: Tensor) -> Tensor:
  if b[site].numel() > 0:
    d = torch.mul_(self.adapter_linear(x, a[site]), weights)
    n = len(ends)
    if n == 1:
      y = self.adapter_linear_add(d, y, b[site])
    else:
      t = torch.size(x, 0)
      z = self.adapter_linear(torch.reshape(torch.transpose(torch.view(d, [t, n, -1]), 0, 1), [n * t, -1]), b[site])
      start = 0
      for p in range(n):
        e = torch.add_(y[:, start:ends[p]], z[p * t:(p + 1) * t, start:ends[p]])
        start = ends[p]
  return y

# Rows of a block, or of all tokens, as the other has them.
def taken(self, x: Tensor, which: Tensor) -> Tensor:
  if torch.size(which, 0) != torch.size(x, 0):
    x = torch.index_select(x, 0, which)
  return x

# Whether all rows have adapters, of the same ranks, at a site.
def alike(self, site: int, a: List[List[Tensor]], b: List[List[Tensor]]) -> bool:
  same = True
  for i in range(len(a)):
    if len(a[i]) == 0:
      same = False
    elif b[i][site].numel() == 0 or torch.size(a[i][site], 0) != torch.size(a[0][site], 0):
      same = False
  return same

# As add_site for each row and its own adapters, for all rows at once.
def add_abreast(self, y: Tensor, x: Tensor, site: int, ends: List[int], abreast: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  n = len(a)
  m = len(ends)
  down = annotate(List[Tensor], [])
  up = annotate(List[Tensor], [])
  counts = annotate(List[Tensor], [])
  for i in range(n):
    e = torch.append(down, a[i][site])
    e = torch.append(up, b[i][site])
    e = torch.append(counts, weights[i][m - 1])
  block = torch.view(self.taken(x, abreast[0]), [n, -1, torch.size(x, 1)])
  d = torch.mul_(torch.bmm(block, torch.transpose(torch.stack(down), 1, 2)), torch.stack(counts))
  r = torch.size(d, 2) // m
  ups = torch.transpose(torch.stack(up), 1, 2)
  start = 0
  for p in range(m):
    z = torch.bmm(d[:, :, p * r:(p + 1) * r], ups[:, :, start:ends[p]])
    e = torch.add_(y[:, start:ends[p]], self.taken(torch.reshape(z, [-1, ends[p] - start]), abreast[1]))
    start = ends[p]
  return y

# Each row's adapters are added to its part of y. weights: of each row, for one, two and three modules side by side
def add(self, y: Tensor, x: Tensor, site: int, ends: List[int], begins: List[int], abreast: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  n = len(a)
  which = len(ends) - 1
  if n == 1:
    if len(a[0]) > 0:
      y = self.add_site(y, x, site, ends, a[0], b[0], weights[0][which])
  elif len(abreast) > 0 and self.alike(site, a, b):
    y = self.add_abreast(y, x, site, ends, abreast, a, b, weights)
  else:
    for i in range(n):
      if len(a[i]) > 0:
        part = y[begins[i]:begins[i + 1]]
        e = torch.copy_(part, self.add_site(part, x[begins[i]:begins[i + 1]], site, ends, a[i], b[i], weights[i][which]))
  return y

def repeated(self, weights: List[Tensor]) -> List[List[Tensor]]:
  r = annotate(List[List[Tensor]], [])
  for i in range(len(weights)):
    w = weights[i]
    e = torch.append(r, [w, torch.cat([w, w], 1), torch.cat([w, w, w], 1)])
  return r

# Queries, keys and values [T, N + 2 KV, D], the first two turned to their positions.
def block_start(self, x: Tensor, l: int, w: List[Tensor], floor: Tensor, cos: Tensor, sin: Tensor, begins: List[int], abreast: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  h = self.norm(x, w[6 * l], floor)
  y = torch.view(self.add(self.linear(h, w[6 * l + 1]), h, 4 * l, [${q_end}, ${k_end}, ${v_end}], begins, abreast, a, b, weights), [torch.size(x, 0), -1, ${head}])
  e = self.rotate(y[:, 0:${heads} + ${kv_heads}], cos, sin)
  return y

def block_end(self, x0: Tensor, o: Tensor, l: int, w: List[Tensor], floor: Tensor, begins: List[int], abreast: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[List[Tensor]]) -> Tensor:
  x = self.add(self.linear_add(o, x0, w[6 * l + 2]), o, 4 * l + 1, [${hidden}], begins, abreast, a, b, weights)
  h = self.norm(x, w[6 * l + 3], floor)
  y = self.add(self.linear(h, w[6 * l + 4]), h, 4 * l + 2, [${intermediate}, 2 * ${intermediate}], begins, abreast, a, b, weights)
  g = torch.mul_(torch.silu(y[:, 0:${intermediate}]), y[:, ${intermediate}:2 * ${intermediate}])
  return self.add(self.linear_add(g, x, w[6 * l + 5]), g, 4 * l + 3, [${hidden}], begins, abreast, a, b, weights)

# One token for each of rows 0..T-1 of the cache: token t stands at positions[t] of row t. Logits [T, V].
# places [T 2 KV]: where in the cache, seen as [2 rows KV C, D], each row's new keys and then its values go; length: so many
# places are looked at, at least those of the longest row with its new token.
def decode(self, embed: Tensor, tokens: Tensor, positions: Tensor, places: Tensor, length: int, steps: Tensor, cos_table: Tensor, sin_table: Tensor, w: List[Tensor], last_norm: Tensor, head: Tensor, cache: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[Tensor]) -> Tensor:
  t = torch.size(tokens, 0)
  x = torch.to(torch.embedding(embed, tokens), ${dtype})
  cos = torch.unsqueeze(torch.index_select(cos_table, 0, positions), 1)
  sin = torch.unsqueeze(torch.index_select(sin_table, 0, positions), 1)
  floor = self.norm_floor(x)
  each = self.repeated(weights)
  begins = [0, t]
  abreast = annotate(List[Tensor], [])
  # [T KV, G, length]
  unseen = torch.to(steps[0:length] > torch.unsqueeze(positions, 1), ${dtype}) * -1.0e+30
  mask = torch.reshape(torch.expand(torch.view(unseen, [t, 1, 1, length]), [t, ${kv_heads}, ${group}, length]), [t * ${kv_heads}, ${group}, length])
  for l in range(${blocks}):
    y = self.block_start(x, l, w, floor, cos, sin, begins, abreast, a, b, each)
    e = torch.index_copy_(torch.view(cache[l], [-1, ${head}]), 0, places, torch.reshape(y[:, ${heads}:${heads} + 2 * ${kv_heads}], [-1, ${head}]))
    # [T KV, G, D]: the heads of a group share their keys
    q = torch.reshape(y[:, 0:${heads}], [t * ${kv_heads}, ${group}, ${head}])
    k = torch.view(cache[l][0, 0:t], [t * ${kv_heads}, -1, ${head}])
    v = torch.view(cache[l][1, 0:t], [t * ${kv_heads}, -1, ${head}])
    s = torch.bmm(q, torch.transpose(k[:, 0:length], 1, 2))
    p = torch.softmax(torch.add(mask, s, alpha=${scale}), -1)
    o = torch.bmm(p, v[:, 0:length])
    x = self.block_end(x, torch.reshape(o, [t, ${q_end}]), l, w, floor, begins, abreast, a, b, each)
  return self.linear(self.norm(x, last_norm, floor), head)

# Attention of one row's new tokens, which stand from position start on: their keys and values are put into the cache.
# y [t, N + 2 KV, D]; cache [2, KV, C, D] -> [t, N D]
def attend(self, y: Tensor, cache: Tensor, start: int, mask: Tensor) -> Tensor:
  t = torch.size(y, 0)
  end = start + t
  kv = torch.view(y[:, ${heads}:${heads} + 2 * ${kv_heads}], [t, 2, ${kv_heads}, ${head}])
  e = torch.copy_(cache[:, :, start:end], torch.permute(kv, [1, 2, 0, 3]))
  # [KV, G t, D]: the heads of a group share their keys
  q = torch.reshape(torch.permute(torch.view(y[:, 0:${heads}], [t, ${kv_heads}, ${group}, ${head}]), [1, 2, 0, 3]), [${kv_heads}, ${group} * t, ${head}])
  s = torch.view(torch.bmm(q, torch.transpose(cache[0, :, 0:end], 1, 2)), [${kv_heads}, ${group}, t, end])
  p = torch.softmax(torch.add(mask, s, alpha=${scale}), -1)
  o = torch.bmm(torch.view(p, [${kv_heads}, ${group} * t, end]), cache[1, :, 0:end])
  return torch.reshape(torch.permute(torch.view(o, [${kv_heads}, ${group}, t, ${head}]), [2, 0, 1, 3]), [t, ${q_end}])

# The same for a block of rows, all from their start on. y [T, N + 2 KV, D]; cache [2, n, KV, C, D]; mask [L, L] -> [T, N D]
def attend_abreast(self, y: Tensor, cache: Tensor, mask: Tensor, abreast: List[Tensor]) -> Tensor:
  n = torch.size(cache, 1)
  t = torch.size(mask, 0)
  block = self.taken(y, abreast[0])
  kv = torch.view(block[:, ${heads}:${heads} + 2 * ${kv_heads}], [n, t, 2, ${kv_heads}, ${head}])
  e = torch.copy_(cache[:, :, :, 0:t], torch.permute(kv, [2, 0, 3, 1, 4]))
  # [n KV, G t, D]: the heads of a group share their keys
  q = torch.reshape(torch.permute(torch.view(block[:, 0:${heads}], [n, t, ${kv_heads}, ${group}, ${head}]), [0, 2, 3, 1, 4]), [n * ${kv_heads}, ${group} * t, ${head}])
  k = torch.view(cache[0], [n * ${kv_heads}, -1, ${head}])
  v = torch.view(cache[1], [n * ${kv_heads}, -1, ${head}])
  s = torch.view(torch.bmm(q, torch.transpose(k[:, 0:t], 1, 2)), [n * ${kv_heads}, ${group}, t, t])
  p = torch.softmax(torch.add(mask, s, alpha=${scale}), -1)
  o = torch.bmm(torch.view(p, [n * ${kv_heads}, ${group} * t, t]), v[:, 0:t])
  return self.taken(torch.reshape(torch.permute(torch.view(o, [n, ${kv_heads}, ${group}, t, ${head}]), [0, 3, 1, 2, 4]), [n * t, ${q_end}]), abreast[1])

# Weights of the tokens in last alone: of all tokens' common adapters, or of each row's own, whose last token it is.
def last_weights(self, weights: List[Tensor], last: Tensor) -> List[List[Tensor]]:
  r = annotate(List[Tensor], [])
  for i in range(len(weights)):
    w = weights[i]
    if torch.size(w, 0) > 1:
      w = torch.index_select(w, 0, last) if len(weights) == 1 else w[-1:]
    e = torch.append(r, w)
  return self.repeated(r)

# Prompt tokens of n rows, one row's after another's, T in all: row i's, row first + i of the cache, stand from position
# starts[i] on, and among the tokens from begins[i] on. last: the last token of each row, or all. Their logits [m, V].
def prefill(self, embed: Tensor, tokens: Tensor, positions: Tensor, first: int, starts: List[int], begins: List[int], abreast: List[Tensor], last: Tensor, cos_table: Tensor, sin_table: Tensor, w: List[Tensor], last_norm: Tensor, head: Tensor, cache: List[Tensor], a: List[List[Tensor]], b: List[List[Tensor]], weights: List[Tensor]) -> Tensor:
  t = torch.size(tokens, 0)
  n = len(starts)
  x = torch.to(torch.embedding(embed, tokens), ${dtype})
  cos = torch.unsqueeze(torch.index_select(cos_table, 0, positions), 1)
  sin = torch.unsqueeze(torch.index_select(sin_table, 0, positions), 1)
  floor = self.norm_floor(x)
  each = self.repeated(weights)
  masks = annotate(List[Tensor], [])
  if len(abreast) > 0:
    longest = torch.size(abreast[0], 0) // n
    e = torch.append(masks, torch.triu(torch.new_full(x, [longest, longest], -1.0e+30), 1))
  else:
    for i in range(n):
      count = begins[i + 1] - begins[i]
      e = torch.append(masks, torch.triu(torch.new_full(x, [count, starts[i] + count], -1.0e+30), starts[i] + 1))
  for l in range(${blocks}):
    y = self.block_start(x, l, w, floor, cos, sin, begins, abreast, a, b, each)
    if len(abreast) > 0:
      o = self.attend_abreast(y, cache[l][:, first:first + n], masks[0], abreast)
    else:
      os = annotate(List[Tensor], [])
      for i in range(n):
        e = torch.append(os, self.attend(y[begins[i]:begins[i + 1]], cache[l][:, first + i], starts[i], masks[i]))
      o = torch.cat(os, 0)
    # Nothing looks at what the last block makes of other tokens.
    if l == ${blocks} - 1 and torch.size(last, 0) < t:
      x = torch.index_select(x, 0, last)
      o = torch.index_select(o, 0, last)
      each = self.last_weights(weights, last)
      begins = annotate(List[int], [])
      for i in range(n + 1):
        e = torch.append(begins, i)
      abreast = annotate(List[Tensor], [])
    x = self.block_end(x, o, l, w, floor, begins, abreast, a, b, each)
  return self.linear(self.norm(x, last_norm, floor), head)

# Largest logit of each row, and where it is first; a row with a NaN gives NaN. libtorch takes four times as long for a
# maximum with its place as for one without: the place is looked for only in the part that has the largest.
def best(self, logits: Tensor) -> List[Tensor]:
  rows = torch.size(logits, 0)
  parts = torch.view(logits, [rows, -1, ${part}])
  m, part = torch.max(torch.amax(parts, [-1]), -1)
  at = torch.expand(torch.view(part, [rows, 1, 1]), [rows, 1, ${part}])
  n, i = torch.max(torch.squeeze(torch.gather(parts, 1, at), 1), -1)
  return [torch.to(m, 6), part * ${part} + i]

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
  r = torch.new_zeros(old, [2, rows, ${kv_heads}, capacity, ${head}])
  e = torch.copy_(r[:, 0:torch.size(old, 1), :, 0:torch.size(old, 3)], old[:, :, :, 0:capacity])
  return r

def move_row(self, cache: List[Tensor], from_row: int, to_row: int, length: int) -> int:
  for l in range(len(cache)):
    e = torch.copy_(cache[l][:, to_row, :, 0:length], cache[l][:, from_row, :, 0:length])
  return 0

def clear_row(self, cache: List[Tensor], row: int) -> int:
  for l in range(len(cache)):
    e = torch.zero_(cache[l][:, row])
  return 0

# Of each target given the row before it; the last row has none.
def negative_log_likelihood(self, logits: Tensor, targets: Tensor) -> Tensor:
  x = torch.to(logits[0:torch.size(targets, 0)], 6)
  return torch.logsumexp(x, [-1]) - torch.squeeze(torch.gather(x, 1, torch.unsqueeze(targets, 1)), 1)
