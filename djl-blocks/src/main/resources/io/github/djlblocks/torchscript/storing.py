# What fills the lists that scripts find their tensors in.


# An empty list is a constant of the compiled function, the same in every call: a slice is a new one.
def no_tensors(self, n: int) -> List[Tensor]:
    none = annotate(List[Tensor], [])
    return none[0:n]


def no_packed(self, n: int) -> List[__torch__.torch.classes.quantized.LinearPackedParamsBase]:
    none = annotate(List[__torch__.torch.classes.quantized.LinearPackedParamsBase], [])
    return none[0:n]


def add_tensors(self, all: List[Tensor], more: List[Tensor]) -> int:
    for one in more:
        all.append(one)
    return len(all)


def add_packed(self, all: List[__torch__.torch.classes.quantized.LinearPackedParamsBase], one: __torch__.torch.classes.quantized.LinearPackedParamsBase) -> int:
    all.append(one)
    return len(all)


def put_tensor(self, all: List[Tensor], at: int, one: Tensor) -> int:
    all[at] = one
    return at


def join_vectors(self, all: List[Tensor]) -> List[Tensor]:
    return [torch.cat(all)]
