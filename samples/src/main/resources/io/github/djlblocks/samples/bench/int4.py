    packed = m[torch.mul(i, 2)]
    scales = m[torch.add(torch.mul(i, 2), 1)]
    rows = torch.reshape(x, [-1, torch.size(x, -1)])
    y = torch._weight_int4pack_mm_for_cpu(rows, packed, GROUP, scales)
    shape = torch.slice(torch.size(x), 0, -1)
    y = torch.view(y, torch.add(shape, [torch.size(scales, 1)]))
    if torch.__isnot__(b, None):
      y = torch.add(y, unchecked_cast(Tensor, b))
    return y
