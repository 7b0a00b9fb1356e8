class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def narrowed(self: __torch__.M, weights: List[Tensor], tied: bool, head: List[Tensor]) -> List[Tensor]:
    out = annotate(List[Tensor], [])
    for i in range(torch.len(weights)):
      if torch.__and__(tied, torch.eq(i, 0)):
        _0 = torch.append(out, head[-1])
      else:
        _1 = torch.append(out, torch.to(weights[i], ACTIVATIONS))
    return out
  def pack_int8(self: __torch__.M, w: Tensor) -> __torch__.torch.classes.quantized.LinearPackedParamsBase:
    scale = torch.div(torch.amax(torch.abs(w), [1]), 127.)
    zero = torch.zeros([torch.size(w, 0)], dtype=4)
    return ops.quantized.linear_prepack(torch.quantize_per_channel(w, scale, zero, 0, 12), None)
  def pack_int8_biased(self: __torch__.M, w: Tensor, b: Tensor) -> __torch__.torch.classes.quantized.LinearPackedParamsBase:
    scale = torch.div(torch.amax(torch.abs(w), [1]), 127.)
    zero = torch.zeros([torch.size(w, 0)], dtype=4)
    return ops.quantized.linear_prepack(torch.quantize_per_channel(w, scale, zero, 0, 12), b)
  def pack_int4(self: __torch__.M, weights: List[Tensor], group: int) -> List[Tensor]:
    out = annotate(List[Tensor], [])
    for w in weights:
      n = torch.size(w, 0)
      g = torch.reshape(w, [n, -1, group])
      low = torch.amin(g, [2], True)
      scale = torch.clamp(torch.div(torch.sub(torch.amax(g, [2], True), low), 15.), 1e-08)
      q = torch.clamp(torch.round(torch.div(torch.sub(g, low), scale)), 0, 15)
      both = torch.cat([scale, torch.add(low, torch.mul(scale, 8.))], 2)
      _0 = torch.append(out, torch._convert_weight_to_int4pack_for_cpu(torch.to(torch.reshape(q, [n, -1]), 3), 1))
      _1 = torch.append(out, torch.contiguous(torch.to(torch.transpose(both, 0, 1), ACTIVATIONS)))
    return out
  def linear(self: __torch__.M, x: Tensor, m: MATRICES, i: int, b: Optional[Tensor]) -> Tensor:
LINEAR
  def products(self: __torch__.M, xs: List[Tensor], which: List[int], m: MATRICES) -> Tensor:
    last = [xs[0]]
    for i in range(torch.len(which)):
      _0 = torch._set_item(last, 0, (self).linear(xs[which[i]], m, i, None, ))
    return torch.to(last[0], 6)
  def reordered(self: __torch__.M, weights: List[Tensor]) -> List[Tensor]:
    out = annotate(List[Tensor], [])
    for w in weights:
      _0 = torch.append(out, ops.mkldnn._reorder_linear_weight(w, None))
    return out
  def reordered_products(self: __torch__.M, xs: List[Tensor], which: List[int], m: List[Tensor]) -> Tensor:
    last = [xs[0]]
    for i in range(torch.len(which)):
      _0 = torch._set_item(last, 0, ops.mkldnn._linear_pointwise(xs[which[i]], m[i], None, "none", [], ""))
    return torch.to(last[0], 6)
  def reordered_int8(self: __torch__.M, weights: List[Tensor]) -> List[Tensor]:
    out = annotate(List[Tensor], [])
    for w in weights:
      scale = torch.div(torch.amax(torch.abs(w), [1], True), 127.)
      codes = torch.to(torch.round(torch.div(w, scale)), 1)
      _0 = torch.append(out, ops.onednn.qlinear_prepack(codes, None))
      _1 = torch.append(out, torch.flatten(scale))
      _2 = torch.append(out, torch.zeros([torch.size(w, 0)], dtype=3))
    return out
  def reordered_int8_products(self: __torch__.M, xs: List[Tensor], which: List[int], m: List[Tensor]) -> Tensor:
    last = [xs[0]]
    for i in range(torch.len(which)):
      x = xs[which[i]]
      step = torch.div(torch.maximum(torch.amax(x), torch.neg(torch.amin(x))), 127.)
      codes = torch.to(torch.round_(torch.div(x, step)), 1)
      shifted = torch.bitwise_xor_(torch.set_(torch.zeros([0], dtype=0), codes), 128)
      _0 = torch._set_item(last, 0, ops.onednn.qlinear_pointwise(shifted, float(step), 128, m[3 * i], m[3 * i + 1], m[3 * i + 2], None, 1., 0, 6, "none", [], ""))
    return last[0]
