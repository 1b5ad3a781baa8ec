"""What decoders are made of, in float64 and plainly: whole sequences, whole attention matrices, no cache. torch only."""

import math

import torch


def linear(weights, name, x):
    """x: [tokens, in]; `name`.weight: [out, in]; `name`.bias: [out], if there is one."""
    y = x @ weights[f"{name}.weight"].T
    bias = weights.get(f"{name}.bias")
    return y if bias is None else y + bias


def rms_norm(x, weight, eps):
    return weight * x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def layer_norm(weights, name, x, eps):
    centred = x - x.mean(-1, keepdim=True)
    variance = centred.pow(2).mean(-1, keepdim=True)
    return centred / torch.sqrt(variance + eps) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_erf(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def split_heads(x, head_dim):
    """[tokens, heads * head_dim] as [heads, tokens, head_dim]."""
    return x.view(len(x), -1, head_dim).transpose(0, 1)


def rotate(x, frequencies, magnitude=1.0):
    """
    Rotary positions in half-split order. x: [heads, tokens, head_dim]; frequencies: radians per position, [r / 2]: the
    first r elements of a head are rotated, the others pass.
    """
    r = 2 * len(frequencies)
    angles = torch.outer(torch.arange(x.shape[1], dtype=torch.float64), frequencies)
    cos, sin = magnitude * angles.cos(), magnitude * angles.sin()
    a, b, rest = x[..., : r // 2], x[..., r // 2 : r], x[..., r:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin, rest), -1)


def inverse_frequencies(theta, dim):
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)


def scaled_frequencies(theta, dim, scaling):
    """Frequencies under `rope_scaling` of config.json and what cosines and sines are multiplied by; LongRoPE is Phi-3's."""
    frequencies = inverse_frequencies(theta, dim)
    kind = "default" if scaling is None else scaling.get("rope_type", scaling.get("type"))
    if kind == "default":
        return frequencies, 1.0
    factor = scaling["factor"]
    if kind == "linear":
        return frequencies / factor, 1.0
    # how often a pair turns within the original context
    turns = scaling["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    if kind == "llama3":  # `_compute_llama3_parameters` in `modeling_rope_utils.py`
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        return interpolated(frequencies, factor, kept), 1.0
    assert kind == "yarn", kind  # `_compute_yarn_parameters`; arXiv:2309.00071 §3

    def pair_that_turns(times):
        return dim / 2 * math.log(float(turns[0]) / times) / math.log(theta)

    first = max(math.floor(pair_that_turns(scaling.get("beta_fast", 32))), 0)
    last = min(math.ceil(pair_that_turns(scaling.get("beta_slow", 1))), dim - 1)
    kept = 1 - ((torch.arange(dim // 2, dtype=torch.float64) - first) / (last - first)).clamp(0, 1)
    return interpolated(frequencies, factor, kept), 0.1 * math.log(factor) + 1


def interpolated(frequencies, factor, kept):
    """Where `kept` is 1, frequencies stay; where it is 0, they are divided by `factor`."""
    return kept * frequencies + (1 - kept) * frequencies / factor


def rounded_to_f16(x):
    return x.float().half().double()


def rounded_to_int8(x):
    """A scale for each head of each token."""
    scale = x.abs().amax(-1, keepdim=True) / 127
    return (x / scale).round() * scale


class Cache:
    """How K (rotated) and V are kept: exactly, unless someone wants to know what rounding them does to the answer."""

    keep = staticmethod(lambda x: x)


def attention(q, k, v, scale, window=None, softcap=None):
    """
    [tokens, heads * head_dim] from q [heads, tokens, head_dim] and k, v [kv heads, tokens, head_dim]. A key is seen if
    0 <= position - key < window.
    """
    k, v = Cache.keep(k), Cache.keep(v)
    group = len(q) // len(k)
    k, v = k.repeat_interleave(group, dim=0), v.repeat_interleave(group, dim=0)
    scores = q @ k.transpose(1, 2) * scale
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    positions = torch.arange(q.shape[1])
    distance = positions[:, None] - positions[None, :]
    hidden = distance < 0
    if window is not None:
        hidden |= distance >= window
    probabilities = scores.masked_fill(hidden, -math.inf).softmax(-1)
    return (probabilities @ v).transpose(0, 1).reshape(q.shape[1], -1)
