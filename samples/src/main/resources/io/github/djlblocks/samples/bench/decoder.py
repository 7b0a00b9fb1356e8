  def rotate(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    h = torch.chunk(x, 2, -1)
    return torch.add(torch.mul(x, cos), torch.mul(torch.cat([torch.neg(h[1]), h[0]], -1), sin))
  def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    b, h, s, d = torch.size(q)
    if torch.eq(s, 1):
      folded = torch.reshape(q, [b, torch.size(k, 1), -1, d])
      y = torch.reshape(torch.scaled_dot_product_attention(folded, k, v), [b, h, s, d])
    else:
      n = torch.size(k, 1)
      g = torch.floordiv(h, n)
      t = torch.size(k, 2)
      kk = torch.reshape(torch.expand(torch.unsqueeze(k, 2), [b, n, g, t, d]), [b, h, t, d])
      vv = torch.reshape(torch.expand(torch.unsqueeze(v, 2), [b, n, g, t, d]), [b, h, t, d])
      y = torch.scaled_dot_product_attention(q, kk, vv, None, 0., True)
    return y
  def forward(self: __torch__.M, ids: Tensor, w: List[Tensor], m: MATRICES, keys: List[Tensor], values: List[Tensor], table: List[Tensor], past: int) -> Tensor:
    x = torch.embedding(w[0], ids)
    b, s, e = torch.size(x)
    d = torch.size(keys[0], 3)
    total = torch.add(past, s)
    cos = torch.narrow(table[0], 0, past, s)
    sin = torch.narrow(table[1], 0, past, s)
    for i in range(torch.len(keys)):
      y = torch.rms_norm(x, [e], w[torch.add(torch.mul(i, 2), 1)], 1e-05)
      at = torch.mul(i, 7)
      q = torch.transpose(torch.view((self).linear(y, m, at, None, ), [b, s, -1, d]), 1, 2)
      k = torch.transpose(torch.view((self).linear(y, m, torch.add(at, 1), None, ), [b, s, -1, d]), 1, 2)
      v = torch.transpose(torch.view((self).linear(y, m, torch.add(at, 2), None, ), [b, s, -1, d]), 1, 2)
      _0 = torch.copy_(torch.narrow(keys[i], 2, past, s), (self).rotate(k, cos, sin, ))
      _1 = torch.copy_(torch.narrow(values[i], 2, past, s), v)
      a = (self).attend((self).rotate(q, cos, sin, ), torch.narrow(keys[i], 2, 0, total), torch.narrow(values[i], 2, 0, total), )
      x = torch.add(x, (self).linear(torch.reshape(torch.transpose(a, 1, 2), [b, s, -1]), m, torch.add(at, 3), None, ))
      z = torch.rms_norm(x, [e], w[torch.add(torch.mul(i, 2), 2)], 1e-05)
      gate = torch.silu((self).linear(z, m, torch.add(at, 4), None, ))
      x = torch.add(x, (self).linear(torch.mul(gate, (self).linear(z, m, torch.add(at, 5), None, )), m, torch.add(at, 6), None, ))
    last = torch.narrow(x, 1, torch.sub(s, 1), 1)
    last = torch.rms_norm(last, [e], w[-1], 1e-05)
    return torch.to((self).linear(last, m, torch.mul(torch.len(keys), 7), None, ), 6)
