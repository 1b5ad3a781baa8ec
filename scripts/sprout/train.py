"""Train sprout from scratch on generated text, on the CPU, within a wall-clock budget.

    python3 train.py --out DIR --tokenizer tokenizer.json --minutes 85

Writes DIR/last.pt every few minutes; started again it goes on from there. The learning rate falls to
zero at the end of the budget. Matrices inside the layers are trained with momentum whose update is
made near-orthogonal (the idea of the Muon optimiser); the embedding and the norms with AdamW.

Two worker processes with one thread each share the weights; each works out the gradient of half of a
step's rows, and the first one does the update. They meet only once a step, which on a busy machine is
far better than two threads that wait for each other in every operation.
"""

import argparse
import math
import os
import random
import signal
import sys
import time

import torch
import torch.multiprocessing as mp
import torch.nn.functional as F

import bpe
import corpus
from model import Llama, Shape

BATCH = 2048  # tokens a step


def orthogonal(m):
    """Push the singular values of a batch of matrices [n, rows, cols] towards 1 by an odd polynomial."""
    flip = m.shape[1] > m.shape[2]
    x = m.transpose(1, 2) if flip else m
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        g = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.775 * g + 2.0315 * g @ g) @ x
    return x.transpose(1, 2) if flip else x


class Ortho:
    """Momentum with orthogonalised updates; matrices of one shape are worked on together."""

    def __init__(self, params, lr, momentum=0.95, decay=0.02):
        self.lr, self.momentum, self.decay = lr, momentum, decay
        groups = {}
        for p in params:
            groups.setdefault(tuple(p.shape), []).append(p)
        self.groups = list(groups.values())
        self.buf = [torch.zeros(len(g), *g[0].shape) for g in self.groups]

    @torch.no_grad()
    def step(self, scale):
        for g, buf in zip(self.groups, self.buf):
            grad = torch.stack([p.grad for p in g])
            buf.mul_(self.momentum).add_(grad)
            update = orthogonal(grad + self.momentum * buf)
            rows, cols = g[0].shape
            lr = self.lr * scale * max(1.0, rows / cols) ** 0.5
            for p, u in zip(g, update):
                p.mul_(1 - lr * self.decay).sub_(u, alpha=lr)

    def state(self):
        return self.buf

    def load(self, buf):
        self.buf = buf


class Rows:
    """Endless rows of tokens: documents one after the other, cut at the row length.
    Every row starts with a fresh document; some start with the end-of-text token, as a BOS."""

    def __init__(self, tok, seed):
        self.tok, self.rng = tok, random.Random(seed)

    def row(self, length, copy_share, story_share):
        ids, weights = [], []
        if self.rng.random() < 0.25:
            ids, weights = [0], [0.0]
        while len(ids) < length + 1:
            for text, weight in corpus.document(self.rng, min(length, max(160, length + 1 - len(ids))), copy_share, story_share):
                piece = self.tok.encode(text)
                ids += piece
                weights += [weight] * len(piece)
        return ids[:length + 1], weights[1:length + 1]

    def batch(self, tokens, length, copy_share, story_share):
        rows = [self.row(length, copy_share, story_share) for _ in range(tokens // length)]
        ids = torch.tensor([r[0] for r in rows])
        return ids[:, :-1], ids[:, 1:], torch.tensor([r[1] for r in rows])


def plan(progress, rng):
    """Row length and shares of (copying, stories) at a point 0..1 of the budget: short rows first,
    a stretch with much copying, long rows in the second half, and more stories towards the end."""
    if progress < 0.12:
        return 256, 0.25, 0.2
    if progress < 0.38:
        return (512 if rng.random() < 0.85 else 1024), 0.08, 0.25
    if progress < 0.5:
        return 256, 0.6, 0.1
    if progress < 0.64:
        return (512 if rng.random() < 0.5 else 1024), 0.1, 0.25
    return (512 if rng.random() < 0.5 else 1024), 0.05, 0.55 if progress < 0.82 else 0.4


def rate(progress, step):
    """Warm up over 60 steps, stay flat for half of the budget, then fall to zero in a straight line."""
    return min(1.0, (step + 1) / 60) * min(1.0, max(0.0, (1 - progress) / 0.5))


def gradient(model, rows, tokens, length, copy_share, story_share):
    """One forward and backward pass. -> (weighted mean loss, mean loss over answer tokens)"""
    ids, target, weight = rows.batch(tokens, length, copy_share, story_share)
    with torch.autocast("cpu", torch.bfloat16):  # products in bfloat16, sums, norms and softmax in float32
        logits = model.logits(model(ids)).float()
    loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none") * weight.flatten()
    answer = weight.flatten() == corpus.ANSWER_WEIGHT
    mean = loss.sum() / weight.sum()
    model.zero_grad(set_to_none=True)
    mean.backward()
    return mean.item(), (loss[answer].sum() / (answer.sum() + 1e-9) / corpus.ANSWER_WEIGHT).item()


def helper(model, buffer, control, go, done, tok, seed, tokens):
    """A second worker: waits for `go`, leaves its gradient in the shared buffer. control[0] is the row length, 0 to stop."""
    torch.set_num_threads(1)
    rows = Rows(tok, seed)
    while True:
        go.wait()
        length, copy_share, story_share = control.tolist()
        if length == 0:
            return
        gradient(model, rows, tokens, int(length), copy_share, story_share)
        torch.cat([p.grad.flatten() for p in model.parameters()], out=buffer)
        done.wait()


def add_gradient(model, buffer):
    """The mean of our own gradient and the helper's."""
    at = 0
    for p in model.parameters():
        p.grad.add_(buffer[at:at + p.numel()].view_as(p)).mul_(0.5)
        at += p.numel()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--out", required=True)
    a.add_argument("--tokenizer", required=True)
    a.add_argument("--minutes", type=float, default=80)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--ortho-lr", type=float, default=0.02)
    a.add_argument("--adam-lr", type=float, default=0.004)
    args = a.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    os.makedirs(args.out, exist_ok=True)
    tok = bpe.Tokenizer.load(args.tokenizer)
    shape = Shape(vocab=len(tok.token))
    model = Llama(shape)
    inner = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    embed = [model.model.embed_tokens.weight]
    norms = [p for p in model.parameters() if p.dim() == 1]
    ortho = Ortho(inner, args.ortho_lr)
    adam = torch.optim.AdamW([{"params": embed, "weight_decay": 0.01}, {"params": norms, "weight_decay": 0.0}], lr=args.adam_lr, betas=(0.9, 0.95), eps=1e-10)
    path = os.path.join(args.out, "last.pt")
    spent, step, seen = 0.0, 0, 0
    if os.path.exists(path):
        c = torch.load(path)
        model.load_state_dict(c["model"])
        ortho.load(c["ortho"])
        adam.load_state_dict(c["adam"])
        spent, step, seen = c["spent"], c["step"], c["seen"]
        print("going on at step", step, flush=True)
    rng = random.Random(args.seed + step)
    seed = args.seed * 1000003 + step
    rows = Rows(tok, seed)
    size = sum(p.numel() for p in model.parameters())
    model.share_memory()
    buffer, control = torch.zeros(size).share_memory_(), torch.zeros(3).share_memory_()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an orderly end takes the helper along
    fork = mp.get_context("fork")
    go, done = fork.Barrier(2), fork.Barrier(2)
    fork.Process(target=helper, args=(model, buffer, control, go, done, tok, seed + 500009, BATCH // 2), daemon=True).start()

    def save():
        torch.save({"model": model.state_dict(), "ortho": ortho.state(), "adam": adam.state_dict(), "spent": spent, "step": step, "seen": seen,
                    "shape": shape.dict(), "minutes": args.minutes}, path + ".new")
        os.replace(path + ".new", path)

    print("parameters", size, flush=True)
    last, saved, logged, total, shown = time.time(), time.time(), time.time(), [0.0, 0.0, 0.0], seen
    while spent < args.minutes * 60:
        progress = spent / (args.minutes * 60)
        length, copy_share, story_share = plan(progress, rng)
        control.copy_(torch.tensor([length, copy_share, story_share]))
        go.wait()
        losses = gradient(model, rows, BATCH // 2, length, copy_share, story_share)
        done.wait()
        add_gradient(model, buffer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scale = rate(progress, step)
        ortho.step(scale)
        for g in adam.param_groups:
            g["lr"] = args.adam_lr * scale
        adam.step()
        step, seen = step + 1, seen + BATCH
        total = [total[0] + losses[0], total[1] + losses[1], total[2] + 1]
        now = time.time()
        spent, last = spent + now - last, now
        if now - logged > 20:
            print("step %d  min %.1f  tokens %.3fM  loss %.4f  answers %.4f  lr %.3f  tok/s %.0f  row %d" % (
                step, spent / 60, seen / 1e6, total[0] / total[2], total[1] / total[2], scale, (seen - shown) / (now - logged), length), flush=True)
            logged, shown, total = now, seen, [0.0, 0.0, 0.0]
        if now - saved > 120:
            save()
            saved = now
    control.zero_()
    go.wait()
    save()
    print("done: step %d, %d tokens, %.1f minutes" % (step, seen, spent / 60), flush=True)


if __name__ == "__main__":
    main()
