# What kernels.py computes with functions that PyTorch 1.13 lacks, in those it has.


def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], seen: Optional[Tensor], causal: bool, scale: float) -> Tensor:
    b = q.size(0)
    h = q.size(1)
    s = q.size(2)
    kv = k.size(1)
    t = k.size(2)
    scores = torch.matmul((q * scale).reshape([b, kv, h // kv * s, q.size(3)]), k.transpose(2, 3)).reshape([b, h, s, t])
    if mask is not None:
        scores = scores + mask
    elif causal and s > 1:
        hidden = torch.ones([s, t], dtype=11, device=q.device).triu(1)
        scores = scores.masked_fill(hidden, -1.0e30)
    weights = torch.softmax(scores, 3).reshape([b, kv, h // kv * s, t])
    y = torch.matmul(weights, v).reshape([b, h, s, v.size(3)])
    return y if seen is None else y * seen
