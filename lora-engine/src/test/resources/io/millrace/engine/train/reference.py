# Llama with LoRA written plainly, differentiated by autograd.

def ref_rms(self, x: Tensor, w: Tensor) -> Tensor:
  return x * torch.rsqrt(torch.mean(x * x, [-1], True) + ${eps}) * w

def ref_rope(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  half = ${headDim} // 2
  turned = torch.cat([-x[:, :, :, half:], x[:, :, :, 0:half]], -1)
  return x * cos + turned * sin

# y = x W^T + s (x * mask) A^T B^T
def ref_linear(self, x: Tensor, w: Tensor, a: Tensor, b: Tensor, scale: float, mask: Tensor) -> Tensor:
  y = torch.matmul(x, w.t())
  if a.numel() > 0:
    d = x
    if mask.numel() > 0:
      d = x * mask.view([x.size(0), x.size(1), -1])
    y = y + torch.matmul(torch.matmul(d, a.t()), b.t()) * scale
  return y

# weights: seven matrices and two norms of each block; lora: A and B of each of the seven (empty: none); masks: of the
# four groups of each block. Returns logits [B, S, V]
def ref_model(self, ids: Tensor, embedding: Tensor, norm: Tensor, head: Tensor, cos: Tensor, sin: Tensor, weights: List[List[Tensor]], lora: List[List[Tensor]], scale: float, masks: List[List[Tensor]]) -> Tensor:
  B = ids.size(0)
  S = ids.size(1)
  x = torch.embedding(embedding, ids)
  hidden = torch.full([S, S], float("-inf"), device=ids.device).triu(1)
  for l in range(len(weights)):
    w = weights[l]
    p = lora[l]
    m = masks[l]
    h = self.ref_rms(x, w[7])
    q = self.ref_linear(h, w[0], p[0], p[1], scale, m[0]).view([B, S, ${heads}, ${headDim}]).transpose(1, 2)
    k = self.ref_linear(h, w[1], p[2], p[3], scale, m[0]).view([B, S, ${kvHeads}, ${headDim}]).transpose(1, 2)
    v = self.ref_linear(h, w[2], p[4], p[5], scale, m[0]).view([B, S, ${kvHeads}, ${headDim}]).transpose(1, 2)
    q = self.ref_rope(q, cos, sin)
    k = torch.repeat_interleave(self.ref_rope(k, cos, sin), ${queriesPerKey}, 1)
    v = torch.repeat_interleave(v, ${queriesPerKey}, 1)
    s = torch.matmul(q, k.transpose(-2, -1)) * ${queryScale} + hidden
    o = torch.matmul(torch.softmax(s, -1), v).transpose(1, 2).reshape([B, S, ${queryWidth}])
    x = x + self.ref_linear(o, w[3], p[6], p[7], scale, m[1])
    h = self.ref_rms(x, w[8])
    g = self.ref_linear(h, w[4], p[8], p[9], scale, m[2])
    u = self.ref_linear(h, w[5], p[10], p[11], scale, m[2])
    x = x + self.ref_linear(g * torch.sigmoid(g) * u, w[6], p[12], p[13], scale, m[3])
  return torch.matmul(self.ref_rms(x, norm), head.t())

# Loss, then the gradient of every LoRA matrix (those that are empty too, as they are)
def reference(self, ids: Tensor, at: Tensor, targets: Tensor, coefficients: Tensor, embedding: Tensor, norm: Tensor, head: Tensor, cos: Tensor, sin: Tensor, weights: List[List[Tensor]], lora0: List[List[Tensor]], scale: float, masks: List[List[Tensor]]) -> List[Tensor]:
  torch.set_grad_enabled(True)
  inputs: List[Tensor] = []
  lora: List[List[Tensor]] = []
  for l in range(len(lora0)):
    block: List[Tensor] = []
    for i in range(len(lora0[l])):
      t = torch.requires_grad_(torch.detach(lora0[l][i]))
      block.append(t)
      if t.numel() > 0:
        inputs.append(t)
    lora.append(block)
  logits = self.ref_model(ids, embedding, norm, head, cos, sin, weights, lora, scale, masks)
  rows = torch.index_select(logits.view([-1, logits.size(2)]), 0, at)
  nll = torch.logsumexp(rows, [-1]) - torch.gather(rows, 1, targets.unsqueeze(1)).squeeze(1)
  loss = torch.sum(nll * coefficients.view([-1]))
  gs = torch.grad([loss], inputs)
  torch.set_grad_enabled(False)
  result: List[Tensor] = [torch.detach(loss)]
  for i in range(len(gs)):
    result.append(unchecked_cast(Tensor, gs[i]))
  return result

def ref_mask(self, pool: Tensor, starts: Tensor, width: int) -> Tensor:
  return self.dropout_mask(pool, starts, width)

def ref_row(self, x: Tensor, i: int) -> Tensor:
  return x[i]

def ref_normalise(self, x0: Tensor, w: Tensor, g: Tensor) -> List[Tensor]:
  torch.set_grad_enabled(True)
  x = torch.requires_grad_(torch.detach(x0))
  gs = torch.grad([self.ref_rms(x, w)], [x], annotate(List[Optional[Tensor]], [g]))
  torch.set_grad_enabled(False)
  unit, r = self.normalise(x0)
  return [unchecked_cast(Tensor, gs[0]), self.normalise_backward(g, unit, r, w)]

def ref_rotate(self, x0: Tensor, cos: Tensor, sin: Tensor, g: Tensor) -> List[Tensor]:
  signed = torch.cat([-sin[:, 0:${headDim} // 2], sin[:, ${headDim} // 2:]], -1)
  forward = torch.empty_like(x0)
  self.rotate_into(forward, x0, cos, signed, 1)
  backward = torch.empty_like(x0)
  self.rotate_into(backward, g, cos, signed, -1)
  torch.set_grad_enabled(True)
  x = torch.requires_grad_(torch.detach(x0))
  y = self.ref_rope(x, cos, sin)
  gs = torch.grad([y], [x], annotate(List[Optional[Tensor]], [g]))
  torch.set_grad_enabled(False)
  return [torch.detach(y), forward, unchecked_cast(Tensor, gs[0]), backward]
