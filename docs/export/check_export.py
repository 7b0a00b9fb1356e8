"""Runs exported TorchScript files in Python and compares them with what they are to give.

    python3 docs/export/check_export.py engine-tests/target/export-cases/pytorch_1_13 [--device cuda]

The folder holds pairs of files: NAME.pt, and NAME.safetensors with the arguments of its forward,
the expected output in float64 and the allowed error of each element. Needs torch and numpy.
"""

import argparse
import json
import pathlib
import struct
import sys

import numpy
import torch

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I8": "i1", "U8": "u1", "BOOL": "?"}


def read(path):
    """Tensors and notes of a safetensors file."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    notes = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = numpy.frombuffer(content[8 + length + begin : 8 + length + end], TYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).copy()
    return tensors, notes


def arguments_of(description):
    """The folder of the files, and the device to run them on."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--device", type=torch.device, default="cpu")
    return parser.parse_args()


def used(path, device):
    """The name of a case, and its worst error as a fraction of what is allowed."""
    tensors, notes = read(path.with_suffix(".safetensors"))
    module = torch.jit.load(str(path), map_location=device)
    arguments = [torch.from_numpy(tensors[f"argument.{i}"]).to(device) for i in range(int(notes["arguments"]))]
    with torch.no_grad():
        output = module(*arguments)
    output = output[0] if isinstance(output, tuple) else output
    if output.device.type != device.type:
        raise AssertionError(f"the output is on {output.device}")
    expected = tensors["expected"]
    if tuple(output.shape) != expected.shape:
        raise AssertionError(f"shape {tuple(output.shape)}, but {expected.shape} is expected")
    actual = output.cpu().double().numpy()
    error = numpy.where(actual == expected, 0.0, numpy.abs(actual - expected))
    worst = float((error / tensors["allowed"]).max()) if error.size else 0.0
    if numpy.isnan(worst):
        raise AssertionError("a number is NaN")
    expected_names = notes.get("state_dict")
    if expected_names is not None and sorted(module.state_dict()) != sorted(expected_names.split()):
        raise AssertionError(f"state_dict has {sorted(module.state_dict())}")
    return notes["case"], worst


def main():
    given = arguments_of("Compares exported files with what they are to give.")
    files = sorted(given.folder.glob("*.pt"))
    if not files:
        sys.exit(f"no *.pt in {given.folder}: run the tests named Export*Test first")
    failures = 0
    worst = (0.0, "")
    for path in files:
        try:
            name, fraction = used(path, given.device)
            worst = max(worst, (fraction, name))
            if fraction <= 1:
                continue
            reason = f"error is {fraction:.2f} x the allowed one"
        except (RuntimeError, AssertionError, NotImplementedError) as failure:
            reason = str(failure)
            name = path.name
        failures += 1
        print(f"FAILED {path.name} {name}: {reason}")
    print(f"torch {torch.__version__}, {given.device}: {len(files) - failures} of {len(files)} files agree")
    print(f"largest error: {worst[0]:.3f} of the allowed one, in {worst[1]}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
