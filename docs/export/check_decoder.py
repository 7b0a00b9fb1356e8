"""Runs exported decoders piece by piece in Python and compares their logits with transformers'.

    python3 docs/export/check_decoder.py engine-tests/target/export-cases/decoders [--device cuda]

The folder holds pairs of files: NAME.pt, and NAME.safetensors with token ids padded on the left,
their mask and positions, the logits that transformers gives for the whole in float64, and the
allowed error of each. Files for a newer PyTorch than this one are left out. Needs torch and numpy.
"""

import io
import json
import sys

import numpy
import torch

from check_export import arguments_of, read


def logits(module, tensors, notes, device):
    """Prefill, then the rest in pieces."""
    ids = torch.from_numpy(tensors["ids"]).to(device)
    mask = torch.from_numpy(tensors["mask"]).to(device)
    pieces = []
    past = None
    start = 0
    for end in map(int, notes["ends"].split()):
        arguments = [ids[:, start:end], mask[:, :end]]
        if "positions" in tensors:
            arguments.append(torch.from_numpy(tensors["positions"]).to(device)[:, start:end])
        if start == 0:
            output = module.prefill(*arguments)
        elif notes["caches"] == "state":
            output = module.decode(*arguments)
        else:
            output = module.decode(*arguments, past)
        if notes["caches"] == "arguments":
            output, past = output
        pieces.append(output)
        start = end
    return torch.cat(pieces, 1)


def used(path, device):
    """The worst error as a fraction of what is allowed."""
    tensors, notes = read(path.with_suffix(".safetensors"))
    extra = {"djl_blocks.json": ""}
    module = torch.jit.load(str(path), map_location=device, _extra_files=extra)
    described = json.loads(extra["djl_blocks.json"])
    if described["methods"]["decode"]["caches"] != notes["caches"]:
        raise AssertionError(f"described as {described['methods']['decode']}")
    names = set(module.state_dict())
    with torch.no_grad():
        first = logits(module, tensors, notes, device)
        again = logits(module, tensors, notes, device)
        if notes["caches"] == "state":
            module.reset()
    if not torch.equal(first, again):
        raise AssertionError("a second sequence gives other logits")
    if set(module.state_dict()) != names or any("cache" in name for name in names):
        raise AssertionError("the state_dict holds the cache")
    actual = first.cpu().double().numpy()
    expected = tensors["expected"]
    shown = tensors["mask"].astype(bool)
    worst = float((numpy.abs(actual - expected) / tensors["allowed"])[shown].max())
    if numpy.isnan(worst):
        raise AssertionError("a number is NaN")
    return worst


def checked_state(path, device):
    """What the module holds: saved and loaded, copied, reordered, refused."""
    tensors, notes = read(path.with_suffix(".safetensors"))
    ids = torch.from_numpy(tensors["ids"]).to(device)
    ones = torch.ones_like(ids)
    places = torch.arange(ids.size(1), device=device).expand_as(ids)
    module = torch.jit.load(str(path), map_location=device)

    def decode(one, rows, start, end):
        return one.decode(rows[:, start:end], ones[:, :end], places[:, start:end])

    with torch.no_grad():
        module.prefill(ids[:, :6], ones[:, :6], places[:, :6])
        buffer = io.BytesIO()
        torch.jit.save(module, buffer)
        buffer.seek(0)
        saved = torch.jit.load(buffer, map_location=device)
        expected = decode(module, ids, 6, 8)
        assert torch.equal(decode(saved, ids, 6, 8), expected), "the saved sequence goes on as another"
        saved.reorder(torch.tensor([1, 0], device=device))
        turned = decode(saved, ids.flip(0), 8, 9)
        assert torch.equal(turned.flip(0), decode(module, ids, 8, 9)), "reordered rows differ"
        try:
            decode(module, ids[:1], 9, 10)
            raise AssertionError("another batch is not refused")
        except torch.jit.Error as refused:
            assert "the cache holds 2 rows and the input has 1" in str(refused), refused
        assert module.cache_length == 9
        module.reset()
        assert module.cache_length == 0 and len(module.cache) == 0
    print("state: saved, reordered, refused another batch, reset")


def main():
    given = arguments_of("Compares exported decoders with transformers, piece by piece.")
    folder = given.folder
    newer = tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4)
    files = [path for path in sorted(folder.glob("*.pt")) if not (newer and "pytorch_2_4" in path.name)]
    if not files:
        sys.exit(f"no *.pt in {folder}: run ExportedDecoderGoldenTest first")
    failures = 0
    worst = (0.0, "")
    for path in files:
        try:
            fraction = used(path, given.device)
            worst = max(worst, (fraction, path.name))
            if fraction <= 1:
                continue
            reason = f"error is {fraction:.2f} x the allowed one"
        except (RuntimeError, torch.jit.Error, AssertionError, NotImplementedError) as failure:
            reason = str(failure)
        failures += 1
        print(f"FAILED {path.name}: {reason}")
    print(f"torch {torch.__version__}, {given.device}: {len(files) - failures} of {len(files)} decoders agree")
    print(f"largest error: {worst[0]:.3f} of the allowed one, in {worst[1]}")
    checked_state(folder / "llama-state-pytorch_1_13.pt", given.device)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
