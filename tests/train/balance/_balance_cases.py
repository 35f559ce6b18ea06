"""Uncertainty weighting, GradNorm and PCGrad by PyTorch's autograd, as JSON.

Usage: _balance_cases.py CASES.json OUT.json. A case has tasks with a loss
mean((A p - b)^2) of shared parameters p each.
"""

import json
import sys

import torch


def losses_of(case, p):
    return [
        ((torch.tensor(a, dtype=torch.float64) @ p - torch.tensor(b, dtype=torch.float64)) ** 2).mean()
        for a, b in zip(case["a"], case["b"])
    ]


def gradients_of(losses, p):
    return [torch.autograd.grad(loss, p, retain_graph=True)[0] for loss in losses]


def uncertainty(case, p):
    s = torch.tensor(case["logVariances"], dtype=torch.float64, requires_grad=True)
    total = sum(torch.exp(-s[k]) * loss + s[k] / 2 for k, loss in enumerate(losses_of(case, p)))
    total.backward()
    return {"model": p.grad.tolist(), "slopes": s.grad.tolist()}


def grad_norm(case, p):
    w = torch.tensor(case["weights"], dtype=torch.float64, requires_grad=True)
    losses = losses_of(case, p)
    norms = torch.stack([
        torch.autograd.grad(w[k] * loss, p, create_graph=True)[0].norm()
        for k, loss in enumerate(losses)
    ])
    ratio = torch.stack([loss.detach() / first for loss, first in zip(losses, case["first"])])
    target = (norms.mean() * (ratio / ratio.mean()) ** case["alpha"]).detach()
    return {"slopes": torch.autograd.grad((norms - target).abs().sum(), w)[0].tolist()}


def pc_grad(case, p):
    plain = gradients_of(losses_of(case, p), p)
    total = torch.zeros_like(p)
    for i, order in enumerate(case["orders"]):
        own = plain[i].clone()
        for j in order:
            along = own @ plain[j]
            if along < 0:
                own -= along / (plain[j] @ plain[j]) * plain[j]
        total += own
    return {"update": total.tolist()}


def measure(case):
    p = torch.tensor(case["p"], dtype=torch.float64, requires_grad=True)
    losses = losses_of(case, p)
    plain = gradients_of(losses, p)
    return {
        "losses": [loss.item() for loss in losses],
        "gradients": [g.tolist() for g in plain],
        "uncertainty": uncertainty(case, torch.tensor(case["p"], dtype=torch.float64, requires_grad=True)),
        "gradNorm": grad_norm(case, p),
        "pcGrad": pc_grad(case, p),
    }


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        cases = json.load(file)
    with open(sys.argv[2], "w") as file:
        json.dump([measure(case) for case in cases], file)
