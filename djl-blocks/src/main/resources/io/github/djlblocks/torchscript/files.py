# What exported files need besides: caches, and what linear.py has otherwise. A cache is a list of
# tensors, keys (B, K, T, D) and values (B, K, T, Dv) of each slot in turn; keep_* puts what is appended
# at its place and gives what queries may see.


# A list of its own: what a failed call has put into it is forgotten.
def slots(self, cache: List[Tensor], tensors: int) -> List[Tensor]:
    if len(cache) != 0 and len(cache) != tensors:
        ops.prim.RaiseException("the cache has {} tensors, not {}: give an empty list, or what the last call gave".format(len(cache), tensors))
    all = annotate(List[Tensor], [])
    for i in range(tensors):
        all.append(cache[i] if len(cache) > 0 else torch.zeros([0]))
    return all


def passed(self, cache: List[Tensor], at: int) -> int:
    held = cache[at]
    return held.size(2) if held.dim() == 4 else 0


def require_context(self, passed: int, steps: int, most: int) -> int:
    if passed + steps > most:
        ops.prim.RaiseException("{} tokens do not fit the context of {} ({} in the cache, {} new): shorten the prompt or start a new sequence".format(passed + steps, most, passed, steps))
    return steps


def require_rows(self, held: Tensor, next: Tensor) -> int:
    if held.size(0) != next.size(0):
        ops.prim.RaiseException("the cache holds {} rows and the input has {}: start with an empty cache".format(held.size(0), next.size(0)))
    return next.size(0)


def keep_past(self, cache: List[Tensor], at: int, next: Tensor) -> Tensor:
    held = cache[at]
    y = next
    if held.dim() == 4:
        if held.size(2) > 0:
            rows = self.require_rows(held, next)
            y = torch.cat([held.to(next.dtype), next], 2)
    cache[at] = y.to(6) if y.dtype == 15 else y
    return y


def keep_whole(self, cache: List[Tensor], at: int, next: Tensor) -> Tensor:
    cache[at] = next.to(6) if next.dtype == 15 else next
    return next


def kept_whole(self, cache: List[Tensor], at: int, dtype: int) -> Tensor:
    held = cache[at]
    if held.dim() != 4:
        ops.prim.RaiseException("the cache holds no memory: call the method that starts a sequence first")
    return held.to(dtype)


# Where the last steps that are kept lie now, how many they are, where they will lie, and the capacity
# of the room then: half as much again where they move.
def room_plan(self, rooms: List[int], group: int, keep: int, steps: int) -> List[int]:
    end = rooms[2 * group] if len(rooms) > 0 else 0
    capacity = rooms[2 * group + 1] if len(rooms) > 0 else 0
    if end + steps <= capacity:
        return [end - keep, keep, end - keep, capacity]
    return [end - keep, keep, 0, keep + steps + max((keep + steps) // 2, 32)]


def keep_room(self, cache: List[Tensor], at: int, next: Tensor, plan: List[int]) -> Tensor:
    room = cache[at]
    keep = plan[1]
    if keep > 0:
        rows = self.require_rows(room, next)
    moves = keep == 0 or plan[0] != plan[2] or room.size(2) != plan[3]
    if moves:
        fresh = torch.zeros([next.size(0), next.size(1), plan[3], next.size(3)], dtype=next.dtype, device=next.device)
        if keep > 0:
            moved = torch.copy_(fresh.narrow(2, 0, keep), room.narrow(2, plan[0], keep))
        room = fresh
    written = torch.copy_(room.narrow(2, plan[2] + keep, next.size(2)), torch.detach(next))
    cache[at] = room
    return room.narrow(2, plan[2], keep + next.size(2))


def reordered(self, cache: List[Tensor], rows: Tensor) -> List[Tensor]:
    all = annotate(List[Tensor], [])
    for held in cache:
        all.append(held.index_select(0, rows) if held.dim() == 4 else held)
    return all


# W (out, in) is never put together: even and odd columns are products of their own. Of few rows sums of
# groups are scaled instead of weights, which is six times as fast.
def linear_widened_int4(self, x: Tensor, w: Tensor, sz: Tensor, b: Optional[Tensor]) -> Tensor:
    n = w.size(0)
    g = sz.size(0)
    h = w.size(1) // g
    rows = x.reshape([-1, g, h, 2]).to(6)
    even = rows.select(3, 0)
    odd = rows.select(3, 1)
    steps = sz.select(2, 0).to(6)
    offsets = sz.select(2, 1).to(6) - steps * 8
    low = (w & 15).to(6).view([n, g, h])
    high = (w >> 4).to(6).view([n, g, h])
    if rows.size(0) <= 8:
        sums = torch.matmul(even.transpose(0, 1), low.permute([1, 2, 0]))
        sums = sums + torch.matmul(odd.transpose(0, 1), high.permute([1, 2, 0]))
        y = torch.sum(sums * steps.unsqueeze(1), [0]) + torch.matmul(torch.sum(rows, [2, 3]), offsets)
    else:
        s = steps.t().unsqueeze(2)
        z = offsets.t().unsqueeze(2)
        y = torch.linear(even.reshape([-1, g * h]), torch.addcmul(z, low, s).reshape([n, g * h]))
        y = y + torch.linear(odd.reshape([-1, g * h]), torch.addcmul(z, high, s).reshape([n, g * h]))
    return self.with_bias(y.view(x.size()[:-1] + [n]), b, x)
