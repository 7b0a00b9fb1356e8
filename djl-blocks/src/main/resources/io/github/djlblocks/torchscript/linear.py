# Linear maps y = x W^T + b over stored weights. pack_* makes a holder from codes and scales; what is
# bfloat16 comes in as float16 of the same bits. linear_* takes x (..., in) of float32 or bfloat16, the
# parts of a holder, and gives y (..., out) in the type of x. Types are numbers as in c10::ScalarType:
# 1 int8, 3 int32, 4 int64, 6 float32, 7 float64, 15 bfloat16.


def as_bfloat16(self, bits: Tensor) -> Tensor:
    return torch.set_(torch.zeros([0], dtype=15, device=bits.device), bits)


# y is overwritten.
def with_bias(self, y: Tensor, b: Optional[Tensor], x: Tensor) -> Tensor:
    if b is not None:
        y = torch.add_(y, b) if y.dtype == b.dtype else y + b
    return y.to(x.dtype)


def pack_plain(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    return [codes]


def pack_plain_bfloat16(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    return [self.as_bfloat16(codes)]


def pack_scaled(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    return [codes, self.as_bfloat16(scales)]


def linear_plain(self, x: Tensor, w: Tensor, b: Optional[Tensor]) -> Tensor:
    return self.with_bias(torch.linear(x.to(w.dtype), w), b, x)


def linear_widened(self, x: Tensor, w: Tensor, b: Optional[Tensor]) -> Tensor:
    return self.with_bias(torch.linear(x, w.to(x.dtype)), b, x)


def pack_mkldnn(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    return [ops.mkldnn._reorder_linear_weight(codes, None)]


def pack_mkldnn_bfloat16(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    return [ops.mkldnn._reorder_linear_weight(self.as_bfloat16(codes), None)]


def linear_mkldnn(self, x: Tensor, w: Tensor, b: Optional[Tensor]) -> Tensor:
    none = annotate(List[Optional[number]], [])
    if b is not None:
        if b.dtype == w.dtype:
            return ops.mkldnn._linear_pointwise(x.to(w.dtype), w, b, "none", none, "").to(x.dtype)
    return self.with_bias(ops.mkldnn._linear_pointwise(x.to(w.dtype), w, None, "none", none, ""), b, x)


def pack_fbgemm_float16(self, codes: Tensor, scales: Tensor) -> __torch__.torch.classes.quantized.LinearPackedParamsBase:
    return ops.quantized.linear_prepack_fp16(codes.to(6), None)


def linear_fbgemm_float16(self, x: Tensor, w: __torch__.torch.classes.quantized.LinearPackedParamsBase, b: Optional[Tensor]) -> Tensor:
    return self.with_bias(ops.quantized.linear_dynamic_fp16(x.to(6), w), b, x)


def pack_fbgemm_int8(self, codes: Tensor, scales: Tensor) -> __torch__.torch.classes.quantized.LinearPackedParamsBase:
    steps = self.as_bfloat16(scales).to(7)
    zeros = torch.zeros([codes.size(0)], dtype=4)
    return ops.quantized.linear_prepack(torch._make_per_channel_quantized_tensor(codes, steps, zeros, 0), None)


def pack_onednn_int8(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    zeros = torch.zeros([codes.size(0)], dtype=3)
    return [ops.onednn.qlinear_prepack(codes, None), self.as_bfloat16(scales).to(6), zeros]


# The largest of |x| in each row, above 0: 127 of the least normal number, that it may be divided by 127.
# Two passes that write nothing take half of abs and amax.
def largest(self, x: Tensor) -> Tensor:
    return torch.maximum(x.amax([-1], True), -x.amin([-1], True)).clamp(min=1.4928e-36)


# The kernel takes one step for all rows, that of the largest value: rows are made equally large.
def fbgemm_int8(self, x: Tensor, w: __torch__.torch.classes.quantized.LinearPackedParamsBase, b: Optional[Tensor], overwrites: bool) -> Tensor:
    rows = x.to(6)
    if x.numel() == x.size(-1):
        return self.with_bias(ops.quantized.linear_dynamic(rows, w, False), b, x)
    most = self.largest(rows)
    equal = torch.div_(rows, most) if overwrites else rows / most
    return self.with_bias(torch.mul_(ops.quantized.linear_dynamic(equal, w, False), most), b, x)


def linear_fbgemm_int8(self, x: Tensor, w: __torch__.torch.classes.quantized.LinearPackedParamsBase, b: Optional[Tensor]) -> Tensor:
    return self.fbgemm_int8(x, w, b, False)


# The same, over x.
def linear_fbgemm_int8_over(self, x: Tensor, w: __torch__.torch.classes.quantized.LinearPackedParamsBase, b: Optional[Tensor]) -> Tensor:
    return self.fbgemm_int8(x, w, b, True)


# Codes are unsigned, around 128: signed ones run in a reference implementation, two thousand times as long.
def onednn_int8(self, x: Tensor, w: Tensor, s: Tensor, z: Tensor, b: Optional[Tensor], overwrites: bool) -> Tensor:
    rows = x.to(6)
    steps = self.largest(rows) / 127.
    each = torch.reciprocal(steps)
    q = torch.round_(torch.mul_(rows, each) if overwrites else rows * each).to(1)
    u = torch.bitwise_xor_(torch.set_(torch.zeros([0], dtype=0), q), 128)
    y = ops.onednn.qlinear_pointwise(u, 1., 128, w, s, z, None, 1., 0, 6, "none", annotate(List[Optional[number]], []), "")
    if b is not None:
        if b.dtype == 6:
            return torch.addcmul(b, y, steps, value=1, out=y).to(x.dtype)
    return self.with_bias(torch.mul_(y, steps), b, x)


def linear_onednn_int8(self, x: Tensor, w: Tensor, s: Tensor, z: Tensor, b: Optional[Tensor]) -> Tensor:
    return self.onednn_int8(x, w, s, z, b, False)


# The same, over x.
def linear_onednn_int8_over(self, x: Tensor, w: Tensor, s: Tensor, z: Tensor, b: Optional[Tensor]) -> Tensor:
    return self.onednn_int8(x, w, s, z, b, True)


def linear_rows_int8(self, x: Tensor, w: Tensor, s: Tensor, b: Optional[Tensor]) -> Tensor:
    rows = x.reshape(-1, w.size(1)).to(6)
    steps = self.largest(rows) / 127.
    y = torch._int_mm((rows / steps).round().to(1), w.t()) * steps * s.to(6)
    return self.with_bias(y.view(x.size()[:-1] + [w.size(0)]), b, x)


def linear_pack_int8(self, x: Tensor, w: Tensor, s: Tensor, b: Optional[Tensor]) -> Tensor:
    y = torch._weight_int8pack_mm(x.reshape(-1, w.size(1)).to(15).contiguous(), w, s)
    return self.with_bias(y.view(x.size()[:-1] + [w.size(0)]), b, x)


def linear_widened_int8(self, x: Tensor, w: Tensor, s: Tensor, b: Optional[Tensor]) -> Tensor:
    return self.with_bias(torch.linear(x, w.to(x.dtype)) * s.to(x.dtype), b, x)


def pack_int4(self, codes: Tensor, scales: Tensor) -> List[Tensor]:
    parts = annotate(List[Tensor], [])
    for start in range(0, codes.size(0), 1024):
        c = codes.narrow(0, start, min(1024, codes.size(0) - start))
        wide = torch.stack([c & 15, c >> 4], 2).flatten(1).to(3)
        parts.append(torch._convert_weight_to_int4pack_for_cpu(wide, 2))
    packed = parts[0] if len(parts) == 1 else torch.cat(parts)
    return [packed, self.as_bfloat16(scales)]


def linear_pack_int4(self, x: Tensor, w: Tensor, sz: Tensor, b: Optional[Tensor]) -> Tensor:
    k = w.size(1) * 2
    rows = x.reshape(-1, k).to(15).contiguous()
    y = torch._weight_int4pack_mm_for_cpu(rows, w, k // sz.size(0), sz)
    return self.with_bias(y.view(x.size()[:-1] + [w.size(0)]), b, x)


# What AVX-512 builds pack: for 64 rows of W, column after column, 32 bytes of row i (low half of the
# byte) and row i + 32. The bits q | 0x4300 are those of the bfloat16 128 + q, and 136 less is q - 8: this is
# faster than a conversion.
def linear_unpack_int4(self, x: Tensor, w: Tensor, sz: Tensor, b: Optional[Tensor]) -> Tensor:
    n = w.size(0)
    k = w.size(1) * 2
    g = sz.size(0)
    c = w.view(n // 64, k, 32).transpose(0, 1).contiguous().to(2)
    q = torch.empty([k, n // 64, 2, 32], dtype=2)
    low = torch.bitwise_and(c, 15, out=q.select(2, 0))
    high = torch.bitwise_right_shift(c, 4, out=q.select(2, 1))
    t = torch.sub_(self.as_bfloat16(torch.bitwise_or_(q, 17152)), 136.).view(g, k // g, n)
    f = sz.permute(2, 0, 1).contiguous().unsqueeze(2)
    t = torch.addcmul(f.select(0, 1), t, f.select(0, 0), value=1, out=t)
    return self.with_bias(torch.matmul(x.to(15), t.view(k, n)), b, x)


def linear_widened_int4(self, x: Tensor, w: Tensor, sz: Tensor, b: Optional[Tensor]) -> Tensor:
    n = w.size(0)
    k = w.size(1) * 2
    f = sz.to(x.dtype)
    q = torch.stack([w & 15, w >> 4], 2).view(n, sz.size(0), k // sz.size(0)).to(x.dtype)
    t = torch.addcmul(f.select(2, 1).t().unsqueeze(2), q - 8, f.select(2, 0).t().unsqueeze(2))
    return self.with_bias(torch.linear(x, t.reshape(n, k)), b, x)
