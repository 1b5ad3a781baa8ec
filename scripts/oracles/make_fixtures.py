"""Writes test/fixtures/{llama,architectures}/*.json: what plain decoders in float64 answer for seeded checkpoints.

Written from the definitions in transformers (the file named at the top of each of architectures/*.py). No cache and no
batch: every step computes the whole sequence again. Only torch and numpy; run with Debian's Python:
/usr/bin/python3 scripts/oracles/make_fixtures.py [names]

A seed is taken only if the fixture can tell a right engine from a wrong one: at each step the best logit leads by
MIN_MARGIN, the tokens vary, none of them ends the generation, and what the case is there for changes the logits.
"""

import base64
import hashlib
import json
import pathlib
import sys

import torch

import seeded_weights
from architectures.apertus import Apertus
from architectures.ernie4 import Ernie4
from architectures.exaone4 import Exaone4
from architectures.gemma import Gemma
from architectures.gemma2 import Gemma2
from architectures.gemma3 import Gemma3
from architectures.gpt2 import Gpt2
from architectures.gpt_neo import GptNeo
from architectures.gpt_neox import GptNeoX
from architectures.granite import Granite
from architectures.hunyuan import HunYuan
from architectures.llama import Llama
from architectures.minicpm import MiniCPM
from architectures.ministral3 import Ministral3
from architectures.mistral import Mistral
from architectures.olmo2 import Olmo2
from architectures.olmo3 import Olmo3
from architectures.phi import Phi
from architectures.phi3 import Phi3
from architectures.qwen2 import Qwen2
from architectures.qwen3 import Qwen3
from architectures.seed_oss import SeedOss
from architectures.smollm3 import SmolLM3
from architectures.stablelm import StableLm
from architectures.starcoder2 import StarCoder2
from cases import CASES, Case
from layers import Cache, rounded_to_f16, rounded_to_int8
from llama_cases import LLAMAS
from newer_cases import NEWER

FIXTURES = pathlib.Path(__file__).parents[2] / "test" / "fixtures"
NUM_TOKENS = 64
# relative to the root mean square of the logits
MIN_MARGIN = 1e-3
MIN_DISTINCT = 24
# of the logits, where a feature is switched off
MIN_EFFECT = 1e-4

MODELS = {
    "ApertusForCausalLM": Apertus,
    "Ernie4_5ForCausalLM": Ernie4,
    "Exaone4ForCausalLM": Exaone4,
    "Gemma2ForCausalLM": Gemma2,
    "Gemma3ForCausalLM": Gemma3,
    "GemmaForCausalLM": Gemma,
    "GPT2LMHeadModel": Gpt2,
    "GPTNeoForCausalLM": GptNeo,
    "GPTNeoXForCausalLM": GptNeoX,
    "GraniteForCausalLM": Granite,
    "HunYuanDenseV1ForCausalLM": HunYuan,
    "LlamaForCausalLM": Llama,
    "MiniCPMForCausalLM": MiniCPM,
    "Ministral3ForCausalLM": Ministral3,
    "MistralForCausalLM": Mistral,
    "Olmo2ForCausalLM": Olmo2,
    "Olmo3ForCausalLM": Olmo3,
    "Phi3ForCausalLM": Phi3,
    "PhiForCausalLM": Phi,
    "Qwen2ForCausalLM": Qwen2,
    "Qwen3ForCausalLM": Qwen3,
    "SeedOssForCausalLM": SeedOss,
    "SmolLM3ForCausalLM": SmolLM3,
    "StableLmForCausalLM": StableLm,
    "Starcoder2ForCausalLM": StarCoder2,
}


def load(config, seed):
    model = MODELS[config["architectures"][0]](config)
    for tensor in model.tensors():
        model.weights[tensor.name] = torch.from_numpy(seeded_weights.values(seed, tensor)).double()
    return model


def greedy(model, prompt):
    """The answer to one prompt, or None if it would make a poor test."""
    tokens, margins, first = list(prompt), [], None
    for _ in range(NUM_TOKENS):
        logits = model.logits(tokens)
        first = logits if first is None else first
        best = logits.topk(2)
        margin = float(best.values[0] - best.values[1])
        if margin < MIN_MARGIN * rms(logits):
            return None
        margins.append(margin)
        tokens.append(int(best.indices[0]))
    generated = tokens[len(prompt):]
    ends = model.config["eos_token_id"]
    if len(set(generated)) < MIN_DISTINCT or set(generated) & set(ends if isinstance(ends, list) else [ends]):
        return None
    logits = base64.b64encode(first.float().numpy().astype("<f4").tobytes()).decode()
    errors = {"f16": cache_error(model, prompt, rounded_to_f16), "int8": cache_error(model, prompt, rounded_to_int8)}
    least = round(min(margins), 6)
    return {"prompt": prompt, "logits": logits, "tokens": generated, "minMargin": least, "cacheErrors": errors}


def cache_error(model, prompt, rounded):
    """NMSE of the logits after the prompt if K and V are rounded."""
    exact = model.logits(prompt)
    Cache.keep, kept = rounded, Cache.keep
    error = nmse(model.logits(prompt), exact)
    Cache.keep = kept
    return float(f"{error:.2e}")


def rms(x):
    return float(x.pow(2).mean().sqrt())


def nmse(actual, expected):
    return (rms(actual - expected) / rms(expected)) ** 2


def prompts(seed, case):
    """One prompt as short as the case allows (a single token), one of 37 to 70 tokens, or for a window of 24 71 to 104."""
    byte = lambda i: int(seeded_weights.mix(seed * 1000 + i)) % case.config["vocab_size"]
    least = 71 if 24 in (case.config.get("sliding_window"), case.config.get("window_size")) else max(37, case.shortest_prompt)
    return [[byte(-i) for i in range(case.shortest_prompt)], [byte(i) for i in range(1, least + 1 + byte(0) % 34)]]


def has_effect(case, seed, prompt):
    """Everything that the case says acts does."""
    expected = load(case.config, seed).logits(prompt)
    changed = (load({**case.config, **change}, seed).logits(prompt) for change in case.acts)
    return all(nmse(logits, expected) > MIN_EFFECT for logits in changed)


def make(name, case):
    for seed in range(1, 2000):
        model = load(case.config, seed)
        runs = []
        for prompt in prompts(seed, case):
            runs.append(greedy(model, prompt))
            if runs[-1] is None:
                break
        if not all(runs) or any(run["cacheErrors"]["f16"] > case.most_cache_error for run in runs):
            continue
        if has_effect(case, seed, runs[1]["prompt"]):
            sha256 = weights_hash(model, seed)
            return {"name": name, "seed": seed, "config": case.config, "weightsSha256": sha256, "runs": runs}
    raise SystemExit(f"{name}: no seed makes a good fixture")


def weights_hash(model, seed):
    """Of all weights as little-endian f32 in file order: holds the recipe in TypeScript to the one here."""
    values = (seeded_weights.values(seed, tensor) for tensor in model.tensors())
    return hashlib.sha256(b"".join(tensor.astype("<f4").tobytes() for tensor in values)).hexdigest()


def main():
    torch.set_num_threads(1)
    llamas = {("llama", name): Case(config) for name, config in LLAMAS.items()}
    others = {("architectures", name): case for name, case in {**CASES, **NEWER}.items()}
    for (folder, name), case in {**llamas, **others}.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        fixture = make(name, case)
        (FIXTURES / folder).mkdir(parents=True, exist_ok=True)
        (FIXTURES / folder / f"{name}.json").write_text(json.dumps(fixture) + "\n")
        stats = [(len(run["prompt"]), len(set(run["tokens"])), run["minMargin"]) for run in fixture["runs"]]
        print(f"{name}: seed {fixture['seed']}; (prompt length, distinct tokens, least margin): {stats}", flush=True)


if __name__ == "__main__":
    main()
