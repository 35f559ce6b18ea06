"""The losses of both stages, in float32 whatever the model computes in."""

import torch
import torch.distributed as dist
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
)
from sentence_transformers.util import all_gather_with_grad

# What replaces the score of a passage that must not count: finite.
BLOCKED = -1e9


def world_size():
    return dist.get_world_size() if dist.is_initialized() else 1


def gathered(tensor):
    """A tensor of each process, one after the other; without a gradient."""
    if world_size() == 1:
        return tensor
    parts = [torch.zeros_like(tensor) for _ in range(world_size())]
    dist.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)


class InBatchLoss(CachedMultipleNegativesRankingLoss):
    """InfoNCE among the passages of all processes, known positives left out; with
    `mini_batch` by GradCache, so that memory doesn't grow with the batch."""

    def __init__(self, model, *, temperature, mini_batch=None):
        super().__init__(model, scale=1 / temperature, mini_batch_size=mini_batch or 1)
        self.whole = mini_batch is None
        self.last = None

    def forward(self, sentence_features, labels):
        if not self.whole:
            return super().forward(sentence_features, labels)
        vectors = [[self.model(features)["sentence_embedding"]] for features in sentence_features]
        return self.calculate_loss(vectors, labels)

    def calculate_loss(self, reps, labels=None, *, with_backward=False):
        queries, *passages = (torch.cat(vectors).float() for vectors in reps)
        if world_size() > 1:
            passages = [all_gather_with_grad(each) for each in passages]
        with torch.autocast(queries.device.type, enabled=False):
            scores = queries @ torch.cat(passages).T * self.scale
        scores = scores.masked_fill(labels["blocked"], BLOCKED)
        first = (dist.get_rank() if world_size() > 1 else 0) * len(queries)
        target = torch.arange(first, first + len(queries), device=scores.device)
        losses = torch.nn.functional.cross_entropy(scores, target, reduction="none")
        self.last = losses.detach(), labels["domains"]
        loss = losses.mean()
        if with_backward:
            loss.backward()
            loss = loss.detach()
        return loss


def own_losses(vectors, blocked, temperature):
    """InfoNCE of each query among its own passages alone."""
    queries, *passages = (each.float() for each in vectors)
    with torch.autocast(queries.device.type, enabled=False):
        scores = torch.stack([(queries * each).sum(1) for each in passages], 1) / temperature
    # Of the columns c * size + r, those of the query itself.
    size = blocked.shape[1] // len(passages)
    first = (dist.get_rank() if world_size() > 1 else 0) * len(queries)
    rows = torch.arange(len(queries), device=blocked.device)
    own = torch.stack([blocked[rows, c * size + first + rows] for c in range(len(passages))], 1)
    target = torch.zeros(len(queries), dtype=torch.long, device=scores.device)
    return torch.nn.functional.cross_entropy(
        scores.masked_fill(own, BLOCKED), target, reduction="none"
    )


class WeighedLoss(torch.nn.Module):
    """Stage 1: raises the weights of the tasks where the proxy loses most against the
    reference, and weighs the proxy's losses with them."""

    def __init__(self, model, *, reference, weights, log, temperature):
        super().__init__()
        self.model = model
        # In a list, so that it is no module of the loss: neither trained nor saved.
        self.reference = [reference]
        self.weights, self.log, self.temperature = weights, log, temperature
        self.last = None

    def forward(self, sentence_features, labels):
        blocked = labels["blocked"]
        losses = own_losses(self.embedded(self.model, sentence_features), blocked, self.temperature)
        with torch.no_grad():
            reference = self.reference[0].to(losses.device)
            vectors = self.embedded(reference, sentence_features)
            references = own_losses(vectors, blocked, self.temperature)
        domains = gathered(labels["domains"]).tolist()
        observation = gathered(losses.detach()).tolist(), gathered(references).tolist(), domains
        self.log.note(*observation)
        self.weights.step(*observation)
        shares = torch.tensor(self.weights.of_examples(domains), device=losses.device)
        first = (dist.get_rank() if world_size() > 1 else 0) * len(losses)
        self.last = losses.detach(), labels["domains"]
        # Processes are averaged, but the shares of all of them sum to 1.
        return (shares[first : first + len(losses)] * losses).sum() * world_size()

    @staticmethod
    def embedded(model, sentence_features):
        # A model may change what it is given.
        return [model(dict(features))["sentence_embedding"] for features in sentence_features]
