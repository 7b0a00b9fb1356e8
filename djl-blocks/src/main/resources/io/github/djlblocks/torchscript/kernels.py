# The primitives of io.github.djlblocks.kernel.Kernels in TorchScript, one function each. A printed
# graph holds those it calls, as methods of its module. Types are numbers as in c10::ScalarType:
# 4 int64, 5 float16, 6 float32, 7 float64, 11 bool, 15 bfloat16. Enums arrive as their names.


def wide(self, x: Tensor) -> Tensor:
    return x.to(6) if x.dtype == 5 or x.dtype == 15 else x


def add(self, x: Tensor, alpha: float, r: Tensor) -> Tensor:
    return torch.add(r, x, alpha=alpha)


def embedding(self, ids: Tensor, table: Tensor) -> Tensor:
    if ids.is_cuda:
        if bool(torch.any(torch.logical_or(ids < 0, ids >= table.size(0)))):
            ops.prim.RaiseException("a token id is outside the embedding table")
    return torch.embedding(table, ids)


def last_position(self, x: Tensor) -> Tensor:
    return x.narrow(1, x.size(1) - 1, 1)


# Norms


def affine(self, y: Tensor, weight: Optional[Tensor], bias: Optional[Tensor], unit_offset: bool) -> Tensor:
    if weight is not None:
        factor = weight.to(y.dtype)
        y = y * (factor + 1) if unit_offset else y * factor
    if bias is not None:
        y = y + bias.to(y.dtype)
    return y


def root(self, squares: Tensor) -> Tensor:
    return squares.clamp(min=1.1754943508222875e-38).sqrt()


def rms_norm(self, x: Tensor, weight: Optional[Tensor], bias: Optional[Tensor], epsilon: float, placement: str, unit_offset: bool, upcast: bool, weight_in_upcast: bool, axes: int, measured: int) -> Tensor:
    w = self.wide(x) if upcast else x
    flat = w if axes == 1 else w.flatten(w.dim() - axes)
    m = flat if measured == 0 else flat.narrow(-1, 0, measured)
    mean_square = torch.mean(m * m, [-1], True)
    if placement == "INSIDE_ROOT":
        normal = flat * torch.rsqrt(mean_square + epsilon)
    elif placement == "OUTSIDE_ROOT":
        normal = flat / (self.root(mean_square) + epsilon)
    else:
        normal = flat / self.root(mean_square).clamp(min=epsilon / torch.sqrt(float(m.size(-1))))
    if axes != 1:
        normal = normal.reshape(x.size())
    if not weight_in_upcast:
        normal = normal.to(x.dtype)
    return self.affine(normal, weight, bias, unit_offset).to(x.dtype)


# torch.rms_norm in fewer passes: what is narrow is made wide once, and then written over.
def composed_rms_norm(self, x: Tensor, weight: Optional[Tensor], epsilon: Tensor, share: float, narrow: bool, dtype: int) -> Tensor:
    rows = x.to(6) if narrow else x
    norm = torch.linalg_vector_norm(rows, 2, [-1], True)
    factor = torch.rsqrt(torch.addcmul(epsilon, norm, norm, value=share))
    y = torch.mul_(rows, factor) if narrow else torch.mul(rows, factor)
    if weight is not None:
        y = torch.mul_(y, weight)
    return y.to(dtype) if narrow else y


# RMSNorm of few values by LayerNorm: [x, -x] has mean 0 and variance mean(x^2). The weight is there twice, too.
def mirrored_rms_norm(self, x: Tensor, weights: Tensor, epsilon: float) -> Tensor:
    n = x.size(-1)
    return torch.layer_norm(torch.cat([x, torch.neg(x)], -1), [2 * n], weights, None, epsilon).narrow(-1, 0, n)


def layer_norm(self, x: Tensor, weight: Optional[Tensor], bias: Optional[Tensor], epsilon: float, placement: str, unbiased: bool, unit_offset: bool, axes: int) -> Tensor:
    if placement == "INSIDE_ROOT" and not unbiased and not unit_offset and x.dtype != 5:
        shape = annotate(List[int], [])
        for axis in range(axes):
            shape.append(x.size(x.dim() - axes + axis))
        # Its sums of squares cancel where the mean is large: that is taken out before.
        axes_of = annotate(List[int], [])
        for axis in range(axes):
            axes_of.append(x.dim() - axes + axis)
        centred = x if x.dtype == 15 else x - torch.mean(x, axes_of, True)
        return torch.layer_norm(centred, shape, weight, bias, epsilon)
    flat = self.wide(x) if axes == 1 else self.wide(x).flatten(x.dim() - axes)
    centred = flat - torch.mean(flat, [-1], True)
    centred = centred - torch.mean(centred, [-1], True)
    variance = torch.mean(centred * centred, [-1], True)
    if unbiased:
        variance = variance * (float(flat.size(-1)) / float(flat.size(-1) - 1))
    divisor = torch.sqrt(variance + epsilon) if placement == "INSIDE_ROOT" else self.root(variance) + epsilon
    normal = (centred / divisor).reshape(x.size())
    return self.affine(normal, weight, bias, unit_offset).to(x.dtype)


def scale_norm(self, x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    w = self.wide(x)
    norm = self.root(torch.sum(w * w, [-1], True)).clamp(min=epsilon)
    return (w / norm * gain.to(w.dtype)).to(x.dtype)


def row_lengths(self, matrix: Tensor) -> Tensor:
    w = self.wide(matrix)
    return torch.sqrt(torch.sum(w * w, [-1])).to(matrix.dtype)


def per_row_length(self, magnitude: Tensor, matrix: Tensor) -> Tensor:
    w = self.wide(matrix)
    return (self.wide(magnitude) / torch.sqrt(torch.sum(w * w, [-1]))).to(magnitude.dtype)


def group_norm(self, x: Tensor, weight: Optional[Tensor], bias: Optional[Tensor], groups: int, epsilon: float) -> Tensor:
    w = self.wide(x).reshape([x.size(0), groups, -1])
    normal = self.layer_norm(w, None, None, epsilon, "INSIDE_ROOT", False, False, 1).reshape(x.size())
    return self.affine(normal, self.along_second(weight, x), self.along_second(bias, x), False).to(x.dtype)


def along_second(self, parameter: Optional[Tensor], x: Tensor) -> Optional[Tensor]:
    if parameter is None:
        return None
    shape = [parameter.numel()]
    for axis in range(x.dim() - 2):
        shape.append(1)
    return parameter.reshape(shape)


def dynamic_tanh(self, x: Tensor, alpha: Tensor, weight: Optional[Tensor], bias: Optional[Tensor], channels_first: bool) -> Tensor:
    w = self.wide(x)
    y = torch.tanh(w * alpha.to(w.dtype))
    if channels_first:
        return self.affine(y, self.along_second(weight, x), self.along_second(bias, x), False).to(x.dtype)
    return self.affine(y, weight, bias, False).to(x.dtype)


def unit_norm(self, x: Tensor, epsilon: float) -> Tensor:
    w = self.wide(x)
    length = self.root(torch.sum(w * w, [-1], True)).clamp(min=epsilon)
    return (w / length).to(x.dtype)


# Activations


def curve(self, x: Tensor, kind: str, alpha: float, beta: float) -> Tensor:
    y = x
    if kind == "SIGMOID":
        y = torch.sigmoid(x)
    elif kind == "LOG_SIGMOID":
        y = torch.log_sigmoid(x)
    elif kind == "TANH":
        y = torch.tanh(x)
    elif kind == "ERF":
        y = torch.erf(x)
    elif kind == "RELU":
        y = torch.relu(x)
    elif kind == "SQUARED_RELU":
        y = torch.relu(x)
        y = y * y
    elif kind == "LEAKY_RELU":
        y = torch.where(x > 0, x, x * alpha)
    elif kind == "THRESHOLDED_RELU":
        y = torch.where(x <= alpha, torch.zeros_like(x), x)
    elif kind == "ELU":
        y = torch.elu(x, alpha)
    elif kind == "CELU":
        y = torch.celu(x, alpha)
    elif kind == "SELU":
        y = torch.elu(x, alpha, beta)
    elif kind == "GELU":
        y = torch.gelu(x)
    elif kind == "GELU_TANH":
        y = torch.gelu(x, approximate="tanh")
    elif kind == "GELU_TANH_OF":
        if x.dtype == 6 and alpha > 0.79788455 and alpha < 0.79788457:
            # In float32 the digits that alpha lacks are less than one rounding.
            y = torch.gelu(x, approximate="tanh")
        else:
            y = x * 0.5 * (torch.tanh((x * x * 0.044715 + 1) * x * alpha) + 1)
    elif kind == "CLIPPED_GELU":
        y = torch.gelu(x).clamp(alpha, beta)
    elif kind == "SILU":
        y = torch.silu(x)
    elif kind == "SWISH":
        y = x * torch.sigmoid(x * alpha)
    elif kind == "HARD_SIGMOID":
        y = (x * alpha + beta).clamp(0.0, 1.0)
    elif kind == "HARD_SWISH":
        y = x * (x * alpha + beta).clamp(0.0, 1.0)
    elif kind == "HARD_TANH":
        y = x.clamp(alpha, beta)
    elif kind == "MISH":
        y = torch.mish(x)
    elif kind == "SOFTPLUS":
        y = torch.neg(torch.log_sigmoid(x * -alpha)) / alpha
    elif kind == "SOFTPLUS_TO":
        y = torch.where(x * alpha > beta, x, torch.neg(torch.log_sigmoid(x * -alpha)) / alpha)
    elif kind == "SOFTSIGN":
        y = x.clamp(-1.0e30, 1.0e30)
        y = y / (torch.abs(y) + 1)
    elif kind == "LAPLACE":
        y = (torch.erf((x - alpha) * (0.7071067811865476 / beta)) + 1) * 0.5
    return y


def activation(self, x: Tensor, kind: str, alpha: float, beta: float) -> Tensor:
    if kind == "SILU" or kind == "GELU" or kind == "GELU_TANH" or kind == "RELU" or kind == "TANH":
        return self.curve(x, kind, alpha, beta)
    return self.curve(self.wide(x), kind, alpha, beta).to(x.dtype)


# Over x, where the engine can.
def activation_over(self, x: Tensor, kind: str, alpha: float, beta: float) -> Tensor:
    if kind == "SILU":
        return torch.silu_(x)
    if kind == "GELU":
        return torch.gelu_(x)
    if kind == "GELU_TANH":
        return torch.gelu_(x, approximate="tanh")
    if kind == "RELU":
        return torch.relu_(x)
    if kind == "TANH":
        return torch.tanh_(x)
    return self.activation(x, kind, alpha, beta)


# To overwrite what the activation gave is for those who want no gradient, and not for the identity.
def gated_activation(self, gate: Tensor, up: Tensor, kind: str, alpha: float, beta: float, limit: Optional[float], offset: float, overwrites: bool) -> Tensor:
    if limit is not None:
        gate = gate.clamp(max=limit)
        up = up.clamp(-limit, limit)
    if offset != 0.0:
        up = up + offset
    y = self.activation(gate, kind, alpha, beta)
    return torch.mul_(y, up) if overwrites else y * up


def fused_gated_activation(self, both: Tensor, order: str, kind: str, alpha: float, beta: float, limit: Optional[float], offset: float, overwrites: bool) -> Tensor:
    f = both.size(-1) // 2
    if order == "INTERLEAVED":
        return self.gated_activation(both[..., 0::2], both[..., 1::2], kind, alpha, beta, limit, offset, overwrites)
    first = both.narrow(-1, 0, f)
    second = both.narrow(-1, f, f)
    if order == "GATE_FIRST":
        return self.gated_activation(first, second, kind, alpha, beta, limit, offset, overwrites)
    return self.gated_activation(second, first, kind, alpha, beta, limit, offset, overwrites)


def parametric_relu(self, x: Tensor, slope: Tensor, axis: int) -> Tensor:
    w = self.wide(x)
    factor = slope.to(w.dtype)
    if slope.numel() != 1:
        shape = annotate(List[int], [])
        for i in range(slope.dim()):
            shape.append(slope.size(i))
        for i in range(x.dim() - axis - slope.dim()):
            shape.append(1)
        factor = factor.reshape(shape)
    return torch.where(w > 0, w, w * factor).to(x.dtype)


def swish(self, x: Tensor, beta: Tensor) -> Tensor:
    w = self.wide(x)
    return (w * torch.sigmoid(w * beta.to(w.dtype))).to(x.dtype)


# Positions


def positions(self, x: Tensor, axis: int, past: int) -> Tensor:
    return torch.arange(past, past + x.size(axis), dtype=4, device=x.device).unsqueeze(0)


def positions_of_rows(self, x: Tensor, axis: int, past: Tensor) -> Tensor:
    return past.unsqueeze(1) + torch.arange(x.size(axis), dtype=4, device=x.device)


def key_positions_of_rows(self, x: Tensor, axis: int, past: Tensor) -> Tensor:
    keys = int(torch.max(past)) + x.size(axis)
    return torch.arange(keys, dtype=4, device=x.device).unsqueeze(0)


def token_positions(self, ids: Tensor, padding_id: int) -> Tensor:
    tokens = torch.to(ids != padding_id, 4)
    return torch.cumsum(tokens, 1) * tokens + padding_id


def table_rows(self, indices: Tensor, table: Tensor, offset: int, what: str) -> Tensor:
    rows = indices if offset == 0 else indices + offset
    if indices.is_cuda:
        if bool(torch.any(torch.logical_or(rows < 0, rows >= table.size(0)))):
            ops.prim.RaiseException("a {} is outside its table".format(what))
    return torch.embedding(table, rows)


def sinusoids(self, positions: Tensor, rates: Tensor, offset: int, padding: Optional[int], halves: bool, dtype: int) -> Tensor:
    angles = (positions + offset).to(7).unsqueeze(-1) * rates
    pair = [torch.sin(angles), torch.cos(angles)]
    y = torch.cat(pair, -1) if halves else torch.stack(pair, -1).flatten(-2)
    if padding is not None:
        y = y.masked_fill((positions == padding).unsqueeze(-1), 0.0)
    return y.to(dtype)


def dynamic_rates(self, positions: Tensor, exponents: Tensor, theta: float, dim: int, factor: float, trained: int) -> Tensor:
    length = max(int(torch.max(positions)) + 1, trained)
    longer = factor * float(length) / float(trained) - (factor - 1.0)
    base = theta * longer ** (float(dim) / (float(dim) - 2.0))
    return torch.pow(base, exponents)


def switched_rates(self, positions: Tensor, within: Tensor, beyond: Tensor, length: int) -> Tensor:
    return beyond if int(torch.max(positions)) + 1 > length else within


def rotary_angles(self, positions: Tensor, rates: Tensor, axes: Optional[Tensor]) -> Tensor:
    p = positions.to(7)
    if axes is not None:
        if positions.dim() == 3:
            return p.index_select(0, axes).permute([1, 2, 0]) * rates
    return p.unsqueeze(-1) * rates


def spread(self, first: Tensor, second: Tensor, half_split: bool, dtype: int) -> Tensor:
    y = torch.cat([first, second], -1) if half_split else torch.stack([first, second], -1).flatten(-2)
    return y.to(dtype).unsqueeze(1)


def rotary_table(self, positions: Tensor, rates: Tensor, axes: Optional[Tensor], factor: float, half_split: bool, dtype: int) -> Tuple[Tensor, Tensor]:
    angles = self.rotary_angles(positions, rates, axes)
    c = torch.cos(angles) * factor
    s = torch.sin(angles) * factor
    return (self.spread(c, c, half_split, dtype), self.spread(torch.neg(s), s, half_split, dtype))


def decayed_rotary_table(self, positions: Tensor, rates: Tensor, factor: float, half_split: bool, dtype: int, decay: Tensor, base: float, centre: int) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    angles = self.rotary_angles(positions, rates, None)
    c = torch.cos(angles) * factor
    s = torch.sin(angles) * factor
    f = torch.pow(decay, ((positions - centre).to(7) / base).unsqueeze(-1))
    cq = c * f
    sq = s * f
    ck = c / f
    sk = s / f
    return (self.spread(cq, cq, half_split, dtype), self.spread(torch.neg(sq), sq, half_split, dtype), self.spread(ck, ck, half_split, dtype), self.spread(torch.neg(sk), sk, half_split, dtype))


def rotate(self, x: Tensor, cos: Tensor, sin: Tensor, half_split: bool) -> Tensor:
    r = cos.size(3)
    turned = x if r == x.size(3) else x.narrow(3, 0, r)
    w = turned.to(cos.dtype)
    if half_split:
        partner = torch.roll(w, [r // 2], [3])
    else:
        partner = w.unflatten(3, [r // 2, 2]).flip([4]).flatten(3)
    y = torch.addcmul_(w * cos, partner, sin).to(x.dtype)
    return y if r == x.size(3) else torch.cat([y, x.narrow(3, r, x.size(3) - r)], 3)


# The first heads of (B, S, ...) as (B, heads, S, D), turned.
def rotate_heads(self, x: Tensor, cos: Tensor, sin: Tensor, half_split: bool, heads: int, d: int) -> Tensor:
    split = x.narrow(2, 0, heads * d).view([x.size(0), x.size(1), heads, d]).transpose(1, 2)
    return self.rotate(split, cos, sin, half_split)


# One token's heads in the row they are split from: cos and sin are there for each head, places are those of the partners.
def rotate_row(self, x: Tensor, cos: Tensor, sin: Tensor, places: Tensor, heads: int, d: int) -> Tensor:
    row = x.narrow(-1, 0, heads * d)
    return torch.addcmul_(row * cos, torch.take(row, places), sin).to(x.dtype).view([1, heads, 1, d])


def for_each_head(self, table: Tensor, heads: int) -> Tensor:
    return table.repeat([1, 1, 1, heads]).flatten(1, 2)


def linear_bias(self, queries: Tensor, keys: Tensor, slopes: Tensor, form: str, dtype: int) -> Tensor:
    w = 7 if dtype == 7 else 6
    d = keys.to(w).unsqueeze(1).unsqueeze(1)
    if form != "KEY":
        d = d - queries.to(w).unsqueeze(1).unsqueeze(3)
    if form == "SYMMETRIC":
        d = torch.neg(torch.abs(d))
    return (d * slopes.to(w)).to(dtype)


def bucket_bias(self, queries: Tensor, keys: Tensor, table: Tensor, buckets: Tensor) -> Tensor:
    reach = buckets.size(0) // 2
    d = (keys.unsqueeze(1) - queries.unsqueeze(2)).clamp(-reach, reach) + reach
    return torch.embedding(table, buckets[d]).permute([0, 3, 1, 2])


# Heads and masks


def split_heads(self, x: Tensor, heads: int) -> Tensor:
    return x.unflatten(2, [heads, x.size(2) // heads]).transpose(1, 2)


def merge_heads(self, x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def split_fused_heads(self, x: Tensor, query_heads: int, kv_heads: int, layout: str) -> Tuple[Tensor, Tensor, Tensor]:
    group = query_heads // kv_heads
    d = x.size(2) // (query_heads + 2 * kv_heads)
    if layout == "QUERY_KEY_VALUE":
        heads = x.unflatten(2, [query_heads + 2 * kv_heads, d]).transpose(1, 2)
        return (heads.narrow(1, 0, query_heads), heads.narrow(1, query_heads, kv_heads), heads.narrow(1, query_heads + kv_heads, kv_heads))
    groups = x.unflatten(2, [kv_heads, group + 2, d])
    q = groups.narrow(3, 0, group).flatten(2, 3).transpose(1, 2)
    return (q, groups.select(3, group).transpose(1, 2), groups.select(3, group + 1).transpose(1, 2))


def join_channels(self, a: Tensor, b: Tensor) -> Tensor:
    shape = a.size()
    return torch.cat([a, b.expand(shape[:-1] + [b.size(-1)])], -1)


def padding_mask(self, mask: Tensor) -> Tensor:
    m = mask if mask.dtype == 11 else mask != 0
    return m.unsqueeze(1).unsqueeze(1)


def past_mask(self, x: Tensor, past: Tensor, keys: Tensor) -> Tensor:
    ends = (past + x.size(1)).reshape([-1, 1, 1, 1])
    return ends > torch.arange(keys.size(2), dtype=4, device=x.device)


def held_columns(self, mask: Tensor, keys: Tensor, past: int, x: Tensor, prefix: int) -> Tensor:
    p = mask.size(-1)
    t = keys.size(2)
    if p == t:
        return mask
    if p != past + x.size(1):
        ops.prim.RaiseException("a mask has a column neither for each token nor for each key held")
    if prefix == 0:
        return mask.narrow(-1, p - t, t)
    return torch.cat([mask.narrow(-1, 0, prefix), mask.narrow(-1, p - t + prefix, t - prefix)], -1)


def segment_mask(self, queries: Tensor, keys: Tensor) -> Tensor:
    return queries.unsqueeze(1).unsqueeze(3) == keys.unsqueeze(1).unsqueeze(1)


# Attention


# What is given as numbers may be given wider than scores: bfloat16 scores vanish beside a large one.
def added(self, given: Tensor, dtype: int, wide: int) -> Tensor:
    if given.dtype == 11:
        return (given.to(dtype) - 1) * 1.0e30
    return given.to(wide).clamp(min=-1.0e30)


def score_mask(self, s: int, t: int, q: Tensor, mask: Optional[Tensor], bias: Optional[Tensor], offsets: Optional[Tensor], offset: Optional[int], causal: bool, left: int, right: int, prefix: int, dtype: int, wide: int) -> Optional[Tensor]:
    total = annotate(Optional[Tensor], None)
    if mask is not None:
        total = self.added(mask, dtype, wide)
    if bias is not None:
        b = self.added(bias, dtype, wide)
        total = b if total is None else b + total
    first = t - s if offset is None else offset
    by_row = offsets is not None
    hides = causal and (by_row or first < t - 1)
    near = left >= 0 and (by_row or s - 1 + first > left)
    far = right >= 0 and (by_row or t - 1 - first > right)
    if hides or near or far:
        keys = torch.arange(t, dtype=4, device=q.device)
        queries = torch.arange(s, dtype=4, device=q.device).unsqueeze(1)
        if offsets is not None:
            queries = queries + offsets.reshape([-1, 1, 1, 1])
        else:
            queries = queries + first
        keep = torch.ones([1, 1], dtype=11, device=q.device)
        if hides:
            keep = keys <= queries
        if near:
            seen = keys >= queries - left
            if prefix > 0:
                seen = torch.logical_or(seen, keys < prefix)
            keep = torch.logical_and(keep, seen)
        if far:
            keep = torch.logical_and(keep, keys <= queries + right)
        blocked = self.added(keep, dtype, wide)
        total = blocked if total is None else total + blocked
    if total is not None:
        for i in range(4 - total.dim()):
            total = total.unsqueeze(0)
    return total


def looks(self, total: Optional[Tensor], always: bool) -> Optional[Tensor]:
    if total is None or always:
        return None
    seen = torch.amax(total, [3], True) > -5.0e29
    return None if bool(torch.all(seen)) else seen.to(total.dtype)


def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], seen: Optional[Tensor], causal: bool, scale: float) -> Tensor:
    b = q.size(0)
    h = q.size(1)
    s = q.size(2)
    kv = k.size(1)
    group = h // kv
    ordered = causal and mask is None and s > 1
    if group == 1:
        y = torch.scaled_dot_product_attention(q, k, v, mask, 0.0, ordered, scale=scale)
    elif s == 1 and (mask is None or mask.size(1) == 1):
        folded = q.reshape([b, kv, group, q.size(3)])
        y = torch.scaled_dot_product_attention(folded, k, v, mask, 0.0, False, scale=scale).reshape([b, h, 1, v.size(3)])
    else:
        rows = q.reshape([b * kv, group, s, q.size(3)])
        keys = k.reshape([b * kv, 1, k.size(2), k.size(3)]).expand([-1, group, -1, -1])
        values = v.reshape([b * kv, 1, v.size(2), v.size(3)]).expand([-1, group, -1, -1])
        if mask is not None:
            m = mask
            if m.size(1) == 1:
                if b > 1 and m.size(0) > 1:
                    m = m.unsqueeze(1).expand([b, kv, 1, m.size(2), m.size(3)]).reshape([b * kv, 1, m.size(2), m.size(3)])
            else:
                m = m.expand([b, h, m.size(2), m.size(3)]).reshape([b * kv, group, m.size(2), m.size(3)])
            mask = m
        y = torch.scaled_dot_product_attention(rows, keys, values, mask, 0.0, ordered, scale=scale).reshape([b, h, s, v.size(3)])
    if seen is not None:
        y = y * seen.to(y.dtype)
    return y


# The same as matrix products, 128 queries at a time: of those in order a chunk sees no later keys.
def attend_in_chunks(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], seen: Optional[Tensor], causal: bool, scale: float) -> Tensor:
    b = q.size(0)
    h = q.size(1)
    s = q.size(2)
    if s == 1:
        return self.attend(q, k, v, mask, seen, causal, scale)
    kv = k.size(1)
    group = h // kv
    t = k.size(2)
    ordered = causal and mask is None
    scaled = q * scale
    keys = k.transpose(2, 3)
    later = torch.triu(torch.full([128, 128], -1.0e30, dtype=q.dtype, device=q.device), 1)
    parts = annotate(List[Tensor], [])
    for chunk in range((s + 127) // 128):
        start = chunk * 128
        rows = min(128, s - start)
        end = start + rows if ordered else t
        part = scaled.narrow(2, start, rows).reshape([b, kv, group * rows, q.size(3)])
        scores = torch.matmul(part, keys.narrow(3, 0, end)).view([b, h, rows, end])
        if ordered:
            nearest = torch.add_(scores.narrow(3, start, rows), later.narrow(0, 0, rows).narrow(1, 0, rows))
        elif mask is not None:
            near = mask if mask.size(2) == 1 else mask.narrow(2, start, rows)
            scores = torch.add_(scores, near) if near.dtype == scores.dtype else scores + near
        weights = torch.softmax(scores, 3).to(q.dtype).view([b, kv, group * rows, end])
        parts.append(torch.matmul(weights, v.narrow(2, 0, end)).view([b, h, rows, v.size(3)]))
    y = parts[0] if len(parts) == 1 else torch.cat(parts, 2)
    if seen is not None:
        y = y * seen.to(y.dtype)
    return y


# The same with the products of linear maps, one key/value head at a time: masks are left to the others.
# Rows of keys and values lie together: oneDNN takes 500 times as long with a gap between them.
def attend_in_maps(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], seen: Optional[Tensor], causal: bool, scale: float) -> Tensor:
    b = q.size(0)
    h = q.size(1)
    s = q.size(2)
    if s == 1 or mask is not None or seen is not None:
        return self.attend_in_chunks(q, k, v, mask, seen, causal, scale)
    kv = k.size(1)
    group = h // kv
    t = k.size(2)
    d = q.size(3)
    dv = v.size(3)
    scaled = q * scale
    later = torch.triu(torch.full([128, 128], -1.0e30, dtype=q.dtype, device=q.device), 1)
    y = torch.empty([b, h, s, dv], dtype=q.dtype, device=q.device)
    none = annotate(List[Optional[number]], [])
    for i in range(b * kv):
        queries = scaled.select(0, i // kv).narrow(0, i % kv * group, group)
        keys = k.select(0, i // kv).select(0, i % kv).contiguous()
        values = v.select(0, i // kv).select(0, i % kv).contiguous().transpose(0, 1)
        result = y.select(0, i // kv).narrow(0, i % kv * group, group)
        for chunk in range((s + 127) // 128):
            start = chunk * 128
            rows = min(128, s - start)
            end = start + rows if causal else t
            part = queries.narrow(1, start, rows).reshape([group * rows, d])
            scores = ops.mkldnn._linear_pointwise(part, keys.narrow(0, 0, end), None, "none", none, "")
            if causal:
                nearest = torch.add_(scores.view([group, rows, end]).narrow(2, start, rows), later.narrow(0, 0, rows).narrow(1, 0, rows))
            product = ops.mkldnn._linear_pointwise(torch.softmax(scores, 1), values.narrow(1, 0, end), None, "none", none, "")
            copied = torch.copy_(result.narrow(1, start, rows), product.view([group, rows, dv]))
    return y


def attend_stepwise(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], seen: Optional[Tensor], sinks: Optional[Tensor], scale: float, softcap: float, returned: str) -> Tuple[Tensor, Tensor]:
    b = q.size(0)
    h = q.size(1)
    s = q.size(2)
    kv = k.size(1)
    t = k.size(2)
    grouped = (self.wide(q) * scale).reshape([b, kv, h // kv * s, q.size(3)])
    scores = torch.matmul(grouped, self.wide(k).transpose(2, 3)).reshape([b, h, s, t])
    capped = scores if softcap == 0.0 else torch.tanh(scores / softcap) * softcap
    biased = capped if mask is None else capped + mask.to(capped.dtype)
    if sinks is None:
        weights = torch.softmax(biased, 3)
    else:
        column = sinks.to(biased.dtype).reshape([1, h, 1, 1]).expand([b, h, s, 1])
        weights = torch.softmax(torch.cat([biased, column], 3), 3).narrow(3, 0, t)
    y = torch.matmul(weights.reshape([b, kv, h // kv * s, t]), self.wide(v)).reshape([b, h, s, v.size(3)])
    if seen is not None:
        y = y * seen.to(y.dtype)
        weights = weights * seen.to(weights.dtype)
    stage = weights
    if returned == "SCORES":
        stage = scores
    elif returned == "CAPPED":
        stage = capped
    elif returned == "BIASED":
        stage = biased
    return (y.to(q.dtype), stage.to(q.dtype))


# Caches


# The same bits under another type of the same size: bfloat16 comes in as float16.
def retyped(self, x: Tensor, dtype: int) -> Tensor:
    if x.dtype == dtype:
        return x
    return torch.set_(torch.zeros([0], dtype=dtype, device=x.device), x)


def append_in_place(self, buffer: Tensor, next: Tensor, start: int, at: int) -> Tensor:
    s = next.size(2)
    room = self.retyped(buffer, next.dtype)
    written = torch.copy_(room.narrow(2, at, s), next)
    return room.narrow(2, start, at + s - start)


def append_rows_in_place(self, buffer: Tensor, next: Tensor, at: Tensor) -> Tensor:
    s = next.size(2)
    room = self.retyped(buffer, next.dtype)
    rows = torch.arange(next.size(0), dtype=4, device=next.device).unsqueeze(1)
    steps = at.unsqueeze(1) + torch.arange(s, dtype=4, device=next.device)
    written = torch.index_put_(room.transpose(1, 2), [rows, steps], next.transpose(1, 2))
    return room.narrow(2, 0, int(torch.max(at)) + s)


def cache_content(self, buffer: Tensor, start: int, end: int, dtype: int) -> Tensor:
    room = self.retyped(buffer, dtype)
    return room.narrow(2, start, end - start)


# Mixtures of experts


def route(self, logits: Tensor, correction: Optional[Tensor], k: int, score: str, normalize: bool, scale: float, groups: int, groups_chosen: int, group_score: str) -> Tuple[Tensor, Tensor, Tensor]:
    rows = self.wide(logits).reshape([-1, logits.size(-1)])
    scores = rows
    if score == "SOFTMAX":
        scores = torch.softmax(rows, 1)
    elif score == "SIGMOID":
        scores = torch.sigmoid(rows)
    choice = scores.to(7)
    if correction is not None:
        choice = choice + correction.to(7)
    if groups > 1:
        grouped = choice.unflatten(1, [groups, choice.size(1) // groups])
        best, _0 = torch.topk(grouped, 1 if group_score == "MAX" else 2, 2)
        _1, ranked = torch.sort(best.sum([2]), stable=True, dim=1, descending=True)
        closed = torch.ones([choice.size(0), groups], dtype=11, device=choice.device)
        closed = torch.scatter(closed, 1, ranked.narrow(1, 0, groups_chosen), 0)
        choice = grouped.masked_fill(closed.unsqueeze(2), 0.0).flatten(1)
    _2, order = torch.sort(choice, stable=True, dim=1, descending=True)
    chosen = order.narrow(1, 0, k)
    weights = torch.gather(scores, 1, chosen)
    if score == "SOFTMAX_OF_CHOSEN":
        weights = torch.softmax(weights, 1)
    if normalize:
        weights = weights / (torch.sum(weights, [1], True) + 1.0e-20)
    return (rows, weights * scale, chosen)


def add_shared(self, routed: Tensor, shared: Tensor, gate: Optional[Tensor]) -> Tensor:
    if gate is None:
        return routed + shared
    return routed + shared * torch.sigmoid(self.wide(gate)).to(shared.dtype)


# Heads of tasks


def pool(self, x: Tensor, mask: Optional[Tensor], pooling: str) -> Tensor:
    if pooling == "FIRST":
        return x.select(1, 0)
    if mask is None and pooling == "LAST":
        return x.select(1, x.size(1) - 1)
    w = self.wide(x)
    s = x.size(1)
    if mask is None:
        keep = torch.ones([1, s], dtype=w.dtype, device=w.device)
    else:
        keep = (mask if mask.dtype == 11 else mask != 0).to(w.dtype)
    steps = torch.arange(1, s + 1, dtype=4, device=w.device).to(w.dtype)
    if pooling == "MAX":
        shown = w.masked_fill((keep == 0).unsqueeze(2), -1.0e30)
        return (torch.amax(shown, [1]) * torch.amax(keep, [1]).unsqueeze(1)).to(x.dtype)
    weights = keep
    if pooling == "LAST":
        counted = keep * steps
        weights = (counted == torch.amax(counted, [1], True)).to(w.dtype) * keep
    elif pooling == "WEIGHTED_MEAN":
        weights = keep * steps
    total = torch.sum(w * weights.unsqueeze(2), [1])
    count = torch.sum(weights, [1], True).clamp(min=1.0)
    if pooling == "MEAN" or pooling == "WEIGHTED_MEAN":
        total = total / count
    elif pooling == "MEAN_SQRT_LENGTH":
        total = total / torch.sqrt(count)
    return total.to(x.dtype)
