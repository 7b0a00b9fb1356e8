"""Continues a text with a decoder that Java exported; one file holds all that it takes.

    mvn -q -Prun package -Dsample.args="export story.pt --weights int8"
    python3 docs/export/tell_story.py story.pt "Once upon a time,"

The tokenizer travels in the file, too: byte-level byte pairs, as tokenizer.json describes them.
Needs torch.
"""

import json
import re
import sys

import torch

# The pattern of GPT-2, in what the standard library knows of Unicode.
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


class BytePairs:
    """Tokens of a tokenizer.json with a model of byte pairs over bytes."""

    def __init__(self, description):
        model = description["model"]
        self.ids = model["vocab"]
        self.tokens = {number: token for token, number in self.ids.items()}
        pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
        self.ranks = {tuple(pair): rank for rank, pair in enumerate(pairs)}
        self.special = {token["id"] for token in description["added_tokens"]}
        shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
        hidden = [byte for byte in range(256) if byte not in shown]
        self.letters = {byte: chr(byte) for byte in shown}
        self.letters.update({byte: chr(256 + place) for place, byte in enumerate(hidden)})
        self.bytes = {letter: byte for byte, letter in self.letters.items()}

    def encode(self, text):
        numbers = []
        for word in WORDS.findall(text):
            parts = [self.letters[byte] for byte in word.encode()]
            while len(parts) > 1:
                ranks = [self.ranks.get(pair, len(self.ranks)) for pair in zip(parts, parts[1:])]
                best = min(ranks)
                if best == len(self.ranks):
                    break
                at = ranks.index(best)
                parts[at : at + 2] = [parts[at] + parts[at + 1]]
            numbers += [self.ids[part] for part in parts]
        return numbers

    def decode(self, numbers):
        letters = "".join(self.tokens[number] for number in numbers if number not in self.special)
        return bytes(self.bytes[letter] for letter in letters).decode(errors="replace")


def main():
    extra = {"config.json": "", "tokenizer.json": "", "djl_blocks.json": ""}
    model = torch.jit.load(sys.argv[1], _extra_files=extra)
    prompt = sys.argv[2] if len(sys.argv) > 2 else "Once upon a time, a small fox named Ruby"
    config = json.loads(extra["config.json"])
    method = json.loads(extra["djl_blocks.json"])["methods"]["decode"]
    pairs = BytePairs(json.loads(extra["tokenizer.json"]))
    told = [config["bos_token_id"], *pairs.encode(prompt)]
    with torch.no_grad():
        if method["caches"] == "state":
            logits = model.prefill(torch.tensor([told]))
        else:
            logits, past = model.prefill(torch.tensor([told]))
        while len(told) < method["context_length"]:
            token = int(logits[0, -1].argmax())
            if token == config["eos_token_id"]:
                break
            told.append(token)
            if method["caches"] == "state":
                logits = model.decode(torch.tensor([[token]]))
            else:
                logits, past = model.decode(torch.tensor([[token]]), past)
    print(pairs.decode(told))


if __name__ == "__main__":
    main()
