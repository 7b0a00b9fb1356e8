"""Writes the TorchScript files of the tests and what PyTorch computes with them.

Run in this directory with PyTorch 1.13, which wrote the files that are here:  python3 make_modules.py
"""
import json
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch


class Tagger(torch.nn.Module):
    """Two outputs, two methods, dropout, statistics of the batch, a tied weight."""

    def __init__(self):
        super().__init__()
        self.emb = torch.nn.Embedding(11, 4)
        self.lin = torch.nn.Linear(4, 3)
        self.bn = torch.nn.BatchNorm1d(3)
        self.drop = torch.nn.Dropout(0.5)
        self.layers = torch.nn.ModuleList([torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)])
        self.layers[1].weight = self.layers[0].weight

    def forward(
        self, ids: torch.Tensor, scale: Optional[torch.Tensor] = None
    ) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
        h = self.lin(self.emb(ids).mean(1))
        if scale is not None:
            h = h * scale
        h = self.drop(self.bn(h))
        for layer in self.layers:
            h = layer(h)
        return h, {"plus": h + 1, "double": h * 2}

    @torch.jit.export
    def encode(self, ids: torch.Tensor, n: int = 2) -> List[torch.Tensor]:
        return [self.emb(ids) * i for i in range(n)]

    @torch.jit.export
    def vector(self, ids: torch.Tensor) -> torch.Tensor:
        return self.lin(self.emb(ids).mean(1))


class Pair(NamedTuple):
    total: torch.Tensor
    parts: Tuple[torch.Tensor, torch.Tensor]


class Merger(torch.nn.Module):
    """Tuples in tuples, a dictionary, a list, numbers and text as arguments."""

    def forward(
        self,
        past: Tuple[torch.Tensor, Tuple[torch.Tensor, torch.Tensor]],
        mask: Dict[str, torch.Tensor],
        states: List[torch.Tensor],
        factor: float,
        mode: str = "add",
    ) -> Pair:
        total = past[0] + 10 * past[1][0] + 100 * past[1][1]
        total = total + 1000 * mask["b"] + 10000 * mask["a"]
        for state in states:
            total = total * factor + state
        if mode == "negate":
            total = -total
        return Pair(total, (past[0], past[1][1]))


class Shared(torch.nn.Module):
    """Two parameters of one memory, which are two tensors."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.Linear(2, 2, bias=False)
        self.two = torch.nn.Linear(2, 2, bias=False)
        self.two.weight = torch.nn.Parameter(self.one.weight.data)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(self.one(x))


class Types(torch.nn.Module):
    """Outputs in types that DJL has not; a tensor that may be absent; a parameter in bfloat16."""

    def __init__(self):
        super().__init__()
        self.narrow_one = torch.nn.Parameter(torch.tensor([1.5, -2.0], dtype=torch.bfloat16))
        self.whole = torch.nn.Parameter(torch.tensor([3, 4], dtype=torch.int16), requires_grad=False)
        self.full = torch.nn.Parameter(torch.tensor([0.25, 0.5]))

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor, Optional[torch.Tensor], torch.Tensor]:
        absent: Optional[torch.Tensor] = None
        if bool(torch.any(x > 5)):
            absent = x
        return x.to(torch.bfloat16) * self.narrow_one, x.to(torch.int16) + self.whole, absent, x * self.full

    @torch.jit.export
    def imaginary(self, x: torch.Tensor) -> torch.Tensor:
        return torch.complex(x, x)

    @torch.jit.export
    def count(self, x: torch.Tensor) -> int:
        return x.numel()


def main():
    torch.manual_seed(7)
    tagger = Tagger()
    tagger.bn.running_mean.uniform_(-1, 1)
    tagger.bn.running_var.uniform_(0.5, 2)
    scripted = torch.jit.script(tagger)
    scripted.save("tagger.pt")
    merger = torch.jit.script(Merger())
    merger.save("merger.pt")
    torch.jit.script(Types()).save("types.pt")
    traced = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    x = torch.arange(8, dtype=torch.float32).reshape(2, 4) / 8
    torch.jit.trace(traced, x).save("traced.pt")
    torch.save(traced.state_dict(), "state_dict.pt")
    torch.jit.script(Shared()).save("shared.pt")

    ids = torch.tensor([[1, 2, 3], [4, 5, 10]])
    scale = torch.tensor([2.0, -1.0, 0.5])
    scripted.eval()
    plain, named = scripted(ids)
    scaled, _ = scripted(ids, scale)

    expected = {
        "plain": plain,
        "plus": named["plus"],
        "double": named["double"],
        "scaled": scaled,
        "vector": scripted.vector(ids),
        "traced": traced(x),
    }
    expected = {name: value.flatten().tolist() for name, value in expected.items()}
    expected["state"] = {n: list(t.shape) for n, t in scripted.state_dict().items()}
    tagger.eval()
    h, _ = tagger(ids)
    (h * h * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    expected["gradients"] = {
        n: p.grad.flatten().tolist() for n, p in tagger.named_parameters()
    }
    # What a batch norm in training mode keeps of a batch; it stands before the dropout, which draws.
    tagger.train()
    tagger(ids)
    expected["running_mean"] = tagger.bn.running_mean.tolist()
    with open("expected.json", "w") as out:
        json.dump(expected, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
