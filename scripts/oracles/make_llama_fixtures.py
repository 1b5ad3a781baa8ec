"""Writes test/fixtures/llama/*.json: what a plain Llama in float64 answers for seeded checkpoints.

Written from the definition in transformers' `modeling_llama.py` and `modeling_rope_utils.py` (5.x): pre-norm blocks,
RMSNorm, half-split rotary positions, grouped-query attention, SwiGLU. No cache and no batch: every step computes the
whole sequence again. Only torch and numpy; run with Debian's Python: /usr/bin/python3 scripts/oracles/make_llama_fixtures.py

A seed is taken only if the fixture can tell a right engine from a wrong one: at each step the best logit leads by
MIN_MARGIN, the tokens vary, and none of them ends the generation.
"""

import base64
import hashlib
import json
import math
import pathlib

import torch

import seeded_weights

OUT = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "llama"
NUM_TOKENS = 64
MIN_MARGIN = 2e-3
MIN_DISTINCT = 24

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    # Small, so that at these lengths all three bands of frequencies occur.
    "original_max_position_embeddings": 32,
}

# Every case stands for something that has gone wrong in some engine; together: GQA 1, 2, 3, 4, 8; head sizes 8 to 64.
CASES = {
    "mha-tied": dict(hidden=48, ffn=96, layers=2, heads=6, kv_heads=6, head_dim=8, vocab=263, tied=True, eps=1e-2),
    "gqa3-tied": dict(hidden=96, ffn=256, layers=3, heads=3, kv_heads=1, head_dim=32, vocab=301, tied=True),
    "gqa4-untied-bias": dict(
        hidden=64, ffn=128, layers=2, heads=8, kv_heads=2, head_dim=8, vocab=277, attention_bias=True, mlp_bias=True
    ),
    "gqa8-llama3": dict(
        hidden=192, ffn=264, layers=2, heads=8, kv_heads=1, head_dim=24, vocab=389, theta=500000.0, scaling=LLAMA3
    ),
    "linear-rope": dict(
        hidden=64, ffn=160, layers=3, heads=4, kv_heads=1, head_dim=16, vocab=311, scaling={"type": "linear", "factor": 4.0}
    ),
    "wide-heads": dict(hidden=72, ffn=120, layers=2, heads=4, kv_heads=2, head_dim=64, vocab=283, attention_bias=True),
    "narrow-heads": dict(hidden=128, ffn=128, layers=3, heads=3, kv_heads=1, head_dim=24, vocab=269, tied=True, mlp_bias=True),
    "llama3-bias-tied": dict(
        hidden=128, ffn=192, layers=2, heads=4, kv_heads=4, head_dim=32, vocab=293, tied=True, attention_bias=True, scaling=LLAMA3
    ),
}


def hf_config(case):
    """config.json of a case."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": case["vocab"],
        "hidden_size": case["hidden"],
        "intermediate_size": case["ffn"],
        "num_hidden_layers": case["layers"],
        "num_attention_heads": case["heads"],
        "num_key_value_heads": case["kv_heads"],
        "head_dim": case["head_dim"],
        "hidden_act": "silu",
        "rms_norm_eps": case.get("eps", 1e-5),
        "rope_theta": case.get("theta", 10000.0),
        "rope_scaling": case.get("scaling"),
        "max_position_embeddings": 512,
        "tie_word_embeddings": case.get("tied", False),
        "attention_bias": case.get("attention_bias", False),
        "mlp_bias": case.get("mlp_bias", False),
        "bos_token_id": 256,
        "eos_token_id": 257,
    }


class Llama:
    def __init__(self, config, seed):
        self.config = config
        self.weights = {
            name: torch.from_numpy(seeded_weights.values(seed, name, shape)).double()
            for name, shape in seeded_weights.tensors(config)
        }
        self.inv_freq = inverse_frequencies(config)

    def logits(self, tokens):
        """Logits [vocab] after the last of `tokens`."""
        c, w = self.config, self.weights
        n, head_dim = len(tokens), c["head_dim"]
        angles = torch.outer(torch.arange(n, dtype=torch.float64), self.inv_freq)
        cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
        causal = torch.full((n, n), -math.inf, dtype=torch.float64).triu(1)
        x = w["model.embed_tokens.weight"][tokens]
        for i in range(c["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            h = self.rms_norm(x, f"{layer}.input_layernorm")
            q = self.heads(h, f"{layer}.self_attn.q_proj")
            k = self.heads(h, f"{layer}.self_attn.k_proj")
            v = self.heads(h, f"{layer}.self_attn.v_proj")
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            group = c["num_attention_heads"] // c["num_key_value_heads"]
            k, v = k.repeat_interleave(group, dim=0), v.repeat_interleave(group, dim=0)
            scores = q @ k.transpose(1, 2) / math.sqrt(head_dim) + causal
            attention = (scores.softmax(-1) @ v).transpose(0, 1).reshape(n, -1)
            x = x + self.linear(attention, f"{layer}.self_attn.o_proj")
            h = self.rms_norm(x, f"{layer}.post_attention_layernorm")
            gate = torch.nn.functional.silu(self.linear(h, f"{layer}.mlp.gate_proj"))
            x = x + self.linear(gate * self.linear(h, f"{layer}.mlp.up_proj"), f"{layer}.mlp.down_proj")
        head = "model.embed_tokens" if c["tie_word_embeddings"] else "lm_head"
        return self.linear(self.rms_norm(x[-1], "model.norm"), head)

    def linear(self, x, name):
        y = x @ self.weights[f"{name}.weight"].T
        bias = self.weights.get(f"{name}.bias")
        return y if bias is None else y + bias

    def heads(self, x, name):
        """[tokens, heads * head_dim] as [heads, tokens, head_dim]."""
        return self.linear(x, name).view(len(x), -1, self.config["head_dim"]).transpose(0, 1)

    def rms_norm(self, x, name):
        mean_square = x.pow(2).mean(-1, keepdim=True)
        return self.weights[f"{name}.weight"] * x / torch.sqrt(mean_square + self.config["rms_norm_eps"])


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


def inverse_frequencies(config):
    """Radians per position, [head_dim / 2]; `_compute_{default,linear_scaling,llama3}_parameters` in transformers."""
    dims = torch.arange(0, config["head_dim"], 2, dtype=torch.float64)
    freq = config["rope_theta"] ** (-dims / config["head_dim"])
    scaling = config["rope_scaling"]
    if scaling is None:
        return freq
    if scaling.get("type") == "linear":
        return freq / scaling["factor"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * freq / (2 * math.pi)
    smooth = ((turns - low) / (high - low)).clamp(0, 1)
    return (1 - smooth) * freq / scaling["factor"] + smooth * freq


def greedy(model, prompt):
    """The answer to one prompt, or None if it would make a poor test."""
    tokens, margins, first = list(prompt), [], None
    for _ in range(NUM_TOKENS):
        logits = model.logits(tokens)
        first = logits if first is None else first
        best = logits.topk(2)
        margins.append(float(best.values[0] - best.values[1]))
        tokens.append(int(best.indices[0]))
    generated = tokens[len(prompt):]
    if min(margins) < MIN_MARGIN or len(set(generated)) < MIN_DISTINCT or model.config["eos_token_id"] in generated:
        return None
    logits = base64.b64encode(first.float().numpy().astype("<f4").tobytes()).decode()
    return {"prompt": prompt, "logits": logits, "tokens": generated, "minMargin": round(min(margins), 6)}


def prompts(seed, vocab):
    """One prompt of a single token, one of 37 to 70."""
    byte = lambda i: int(seeded_weights.mix(seed * 1000 + i)) % vocab
    return [[byte(0)], [byte(i) for i in range(1, 38 + byte(0) % 34)]]


def make(name, case):
    config = hf_config(case)
    for seed in range(1, 2000):
        model = Llama(config, seed)
        runs = [greedy(model, prompt) for prompt in prompts(seed, case["vocab"])]
        if all(runs):
            return {"name": name, "seed": seed, "config": config, "weightsSha256": weights_hash(config, seed), "runs": runs}
    raise SystemExit(f"{name}: no seed makes a good fixture")


def weights_hash(config, seed):
    """Of all weights as little-endian f32 in file order: holds the recipe in TypeScript to the one here."""
    tensors = (seeded_weights.values(seed, name, shape) for name, shape in seeded_weights.tensors(config))
    return hashlib.sha256(b"".join(tensor.astype("<f4").tobytes() for tensor in tensors)).hexdigest()


def main():
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        fixture = make(name, case)
        (OUT / f"{name}.json").write_text(json.dumps(fixture) + "\n")
        stats = [(len(run["prompt"]), len(set(run["tokens"])), run["minMargin"]) for run in fixture["runs"]]
        print(f"{name}: seed {fixture['seed']}; (prompt length, distinct tokens, least margin): {stats}", flush=True)


if __name__ == "__main__":
    main()
