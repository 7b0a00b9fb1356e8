# Caches of exported files: a list of tensors, keys (B, K, T, D) and values (B, K, T, Dv) of each slot
# in turn. keep_* puts what is appended at its place and gives what queries may see.


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
