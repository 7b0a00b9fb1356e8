# What fills the lists that scripts find their tensors in.


def no_tensors(self, n: int) -> List[Tensor]:
    # A list that nothing was ever added to would be a constant, the same one in every call.
    all = annotate(List[Tensor], [])
    for i in range(n):
        all.append(all[0])
    return all


def no_packed(self, n: int) -> List[__torch__.torch.classes.quantized.LinearPackedParamsBase]:
    all = annotate(List[__torch__.torch.classes.quantized.LinearPackedParamsBase], [])
    for i in range(n):
        all.append(all[0])
    return all


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
