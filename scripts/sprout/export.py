"""Write a checkpoint as a Hugging Face model folder (weights in bfloat16).

    python3 export.py DIR/last.pt ../../public/models/sprout

Works at any time, also while training runs. tokenizer.json is expected in the folder already (bpe.py).
"""

import json
import os
import struct
import sys

import numpy as np

import corpus

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] | trim + '<|end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)


def to_bf16(x):
    """float32 -> the upper 16 bits, rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(x, dtype="<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def from_bf16(raw):
    return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")


def write_safetensors(path, tensors):
    """tensors: name -> float32 array. The file: 8-byte header length, JSON header, then the data."""
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, x in sorted(tensors.items()):
        blob = to_bf16(x).tobytes()
        header[name] = {"dtype": "BF16", "shape": list(x.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + b"".join(blobs))


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8:8 + size]), data[8 + size:]
    return {name: from_bf16(body[slice(*h["data_offsets"])]).reshape(h["shape"]) for name, h in header.items() if name != "__metadata__"}


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
        f.write("\n")


def configs(s):
    """The JSON files for a shape (a dict as model.Shape.dict() gives it)."""
    ident = {name: i for i, name in enumerate(corpus.SPECIALS)}
    eot, end, pad = ident[corpus.EOT], ident[corpus.END], ident[corpus.PAD]
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": s["vocab"], "hidden_size": s["hidden"],
        "intermediate_size": s["ffn"], "num_hidden_layers": s["layers"], "num_attention_heads": s["heads"],
        "num_key_value_heads": s["kv_heads"], "head_dim": s["head_dim"], "max_position_embeddings": s["context"],
        "rope_theta": s["theta"], "rope_scaling": None, "rms_norm_eps": s["eps"], "hidden_act": "silu",
        "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0, "tie_word_embeddings": True,
        "initializer_range": 0.02, "bos_token_id": eot, "eos_token_id": eot, "pad_token_id": pad, "torch_dtype": "bfloat16", "use_cache": True,
    }
    generation = {"bos_token_id": eot, "eos_token_id": [eot, end], "pad_token_id": pad, "do_sample": False}
    added = {str(i): {"content": t, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
             for t, i in ident.items()}
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False, "add_eos_token": False, "add_prefix_space": False,
                 "added_tokens_decoder": added, "bos_token": corpus.EOT, "eos_token": corpus.EOT, "pad_token": corpus.PAD, "unk_token": None,
                 "clean_up_tokenization_spaces": False, "model_max_length": s["context"], "chat_template": CHAT_TEMPLATE}
    return {"config.json": config, "generation_config.json": generation, "tokenizer_config.json": tokenizer}


def main(checkpoint, folder):
    import torch
    c = torch.load(checkpoint, map_location="cpu")
    os.makedirs(folder, exist_ok=True)
    for name, value in configs(c["shape"]).items():
        write_json(os.path.join(folder, name), value)
    write_safetensors(os.path.join(folder, "model.safetensors"), {n: p.numpy() for n, p in c["model"].items()})
    print("exported step %d, %d tokens seen, %.1f minutes, %d parameters" % (
        c["step"], c["seen"], c["spent"] / 60, sum(p.numel() for p in c["model"].values())))


if __name__ == "__main__":
    main(*sys.argv[1:3])
