"""A plain Llama in PyTorch: RMSNorm, rotary positions (half-split), grouped-query
attention, SwiGLU, tied embeddings. Parameter names are the Hugging Face ones."""

from dataclasses import dataclass, asdict

import torch
import torch.nn as nn
import torch.nn.functional as F

BLOCK = 256  # queries that attend together


@dataclass
class Shape:
    vocab: int = 2048
    hidden: int = 128
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    ffn: int = 384
    context: int = 1024
    theta: float = 10000.0
    eps: float = 1e-5

    def dict(self):
        return asdict(self)


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotary(shape, length):
    """cos and sin of shape [length, head_dim]; the two halves hold the same angles."""
    half = shape.head_dim // 2
    freq = shape.theta ** (-torch.arange(half).float() / half)
    angle = torch.outer(torch.arange(length).float(), freq)
    angle = torch.cat([angle, angle], -1)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.q_proj = nn.Linear(s.hidden, s.heads * s.head_dim, bias=False)
        self.k_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.v_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.o_proj = nn.Linear(s.heads * s.head_dim, s.hidden, bias=False)

    def forward(self, x, cos, sin, mask, past=None):
        s = self.s
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, s.heads, s.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(b, t, s.kv_heads, s.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(b, t, s.kv_heads, s.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if past is not None:  # [batch, kv_heads, earlier, head_dim] each
            if past:
                k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
            past[:] = [k, v]
        earlier = k.shape[2] - t
        # A block of queries looks only at the keys up to its own end.
        y = [self.look(q[:, :, i:i + BLOCK], k[:, :, :earlier + i + BLOCK], v[:, :, :earlier + i + BLOCK], mask) for i in range(0, t, BLOCK)]
        y = y[0] if len(y) == 1 else torch.cat(y, 2)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, s.heads * s.head_dim))

    def look(self, q, k, v, mask):
        """Softmax attention of the last queries over all the keys given. -> [batch, heads, time, head_dim]"""
        s, (b, _, t, _), n = self.s, q.shape, k.shape[2]
        group = s.heads // s.kv_heads
        # Query heads that share a key head are folded into the rows: [b*kv, group*t, d]
        q = q.reshape(b * s.kv_heads, group * t, s.head_dim)
        k = k.reshape(b * s.kv_heads, n, s.head_dim)
        v = v.reshape(b * s.kv_heads, n, s.head_dim)
        score = torch.bmm(q * s.head_dim ** -0.5, k.transpose(1, 2)).view(b, s.kv_heads, group, t, n)
        if t > 1:
            score = score + mask[-t:, -n:]
        p = score.softmax(-1).view(b * s.kv_heads, group * t, n)
        return torch.bmm(p, v).view(b, s.heads, t, s.head_dim)


class MLP(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.gate_proj = nn.Linear(s.hidden, s.ffn, bias=False)
        self.up_proj = nn.Linear(s.hidden, s.ffn, bias=False)
        self.down_proj = nn.Linear(s.ffn, s.hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.input_layernorm = RMSNorm(s.hidden, s.eps)
        self.self_attn = Attention(s)
        self.post_attention_layernorm = RMSNorm(s.hidden, s.eps)
        self.mlp = MLP(s)

    def forward(self, x, cos, sin, mask, past=None):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask, past)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.embed_tokens = nn.Embedding(s.vocab, s.hidden)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.layers))
        self.norm = RMSNorm(s.hidden, s.eps)


class Llama(nn.Module):
    """forward(ids) gives the final hidden states; logits(h) applies the tied embedding."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.model = Body(shape)
        cos, sin = rotary(shape, shape.context)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                scale = 0.02 if "embed" in name else p.shape[1] ** -0.5
                if "o_proj" in name or "down_proj" in name:
                    scale /= (2 * shape.layers) ** 0.5
                nn.init.normal_(p, 0.0, scale)

    def forward(self, ids, past=None):
        """ids [batch, time]; past: None, or a list of one list per layer that holds its keys and values."""
        start = past[0][0].shape[2] if past and past[0] else 0
        t = ids.shape[1]
        cos, sin = self.cos[start:start + t], self.sin[start:start + t]
        # The lower right corner of any causal mask is a causal mask, so one serves all the blocks.
        mask = torch.full((min(t, BLOCK), start + t), float("-inf")).triu(start + t - min(t, BLOCK) + 1) if t > 1 else None
        x = self.model.embed_tokens(ids)
        for i, layer in enumerate(self.model.layers):
            x = layer(x, cos, sin, mask, None if past is None else past[i])
        return self.model.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.model.embed_tokens.weight)

    def empty_past(self):
        return [[] for _ in self.model.layers]
