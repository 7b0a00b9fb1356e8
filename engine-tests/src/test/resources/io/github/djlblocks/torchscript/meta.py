# What MetaDevice runs scripts with. First: everything goes there, and zeros of the processor come back.


def run(self, x: List[Tensor], n: List[int], w: List[Tensor], p: List[__torch__.torch.classes.quantized.LinearPackedParamsBase]) -> List[Tensor]:
    if len(p) != 0:
        ops.prim.RaiseException("packed for a processor")
    return self.found(self.run_there(self.moved(x), n, self.moved(w), p))


def moved(self, all: List[Tensor]) -> List[Tensor]:
    there = annotate(List[Tensor], [])
    for one in all:
        there.append(torch.to(one, torch.device("meta"), one.dtype, False, False, None))
    return there


def found(self, all: List[Tensor]) -> List[Tensor]:
    zeros = annotate(List[Tensor], [])
    for one in all:
        if not one.is_meta:
            ops.prim.RaiseException("a result is on another device")
        zeros.append(torch.zeros(one.size(), dtype=one.dtype))
    return zeros


# Then: the engine's operators that know nothing of this device, by others that give the same shape and
# type, and refuse arrays of two devices as well.


def meta_alike(self, x: Tensor) -> Tensor:
    return x.clone()


def meta_roll(self, x: Tensor, shifts: List[int], axes: List[int]) -> Tensor:
    return x.clone()


def meta_where(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return (x + y) * condition


def meta_both(self, x: Tensor, y: Tensor) -> Tensor:
    return x * y


def meta_embedding(self, table: Tensor, ids: Tensor) -> Tensor:
    return (ids.unsqueeze(-1) + table.select(0, 0)).to(table.dtype)


def meta_index_select(self, x: Tensor, axis: int, indices: Tensor) -> Tensor:
    shape = annotate(List[int], [])
    for i in range(x.dim()):
        shape.append(indices.size(0) if i == axis else 1)
    return (x.narrow(axis, 0, 1) + indices.reshape(shape)).to(x.dtype)


def meta_layer_norm(self, x: Tensor, shape: List[int], weight: Optional[Tensor], bias: Optional[Tensor], epsilon: float) -> Tensor:
    y = x
    if weight is not None:
        y = y * weight
    if bias is not None:
        y = y + bias
    return y.to(x.dtype)


def meta_attention(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], dropout: float, causal: bool, scale: float) -> Tensor:
    scores = torch.matmul(q, k.transpose(2, 3))
    if mask is not None:
        scores = scores + mask
    return torch.matmul(scores, v)


# The one place of an array that is not zero, as if there were one.
def meta_nonzero(self, x: Tensor) -> Tensor:
    return torch.zeros([1, x.dim()], dtype=4, device=x.device)
