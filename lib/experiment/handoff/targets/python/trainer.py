"""sentence-transformers' trainer with tdro's batches, schedule and weight decay."""

import json
import math
import re
from pathlib import Path

import torch
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from transformers import TrainerCallback

from .losses import gathered

TABLES = re.compile(r"(^|\.)((word|position|token_type)_embeddings|embed_tokens)\.weight$")


class Collator:
    """Token ids of the drawn texts, each column cut at its own length."""

    def __init__(self, model, settings, size):
        self.model, self.size = model, size
        self.query_length = settings["queryLength"]
        self.passage_length = settings["passageLength"]
        self.valid_label_columns = []

    def __call__(self, features):
        batch = {}
        columns = [name for name in features[0] if name not in ("blocked", "domain")]
        for name in columns:
            length = self.query_length if name == "anchor" else self.passage_length
            texts = [row[name] for row in features]
            for key, value in self.model.preprocess(texts, max_length=length).items():
                batch[f"{name}_{key}"] = value
        blocked = torch.zeros(len(features), (len(columns) - 1) * self.size, dtype=torch.bool)
        for row, each in enumerate(features):
            blocked[row, each["blocked"]] = True
        domains = torch.tensor([each["domain"] for each in features])
        batch["label"] = {"blocked": blocked, "domains": domains}
        return batch


class TdroTrainer(SentenceTransformerTrainer):
    """Takes its batches from a WeightedBatchSampler."""

    def __init__(self, *, batches, settings, **options):
        self.batches, self.settings = batches, settings
        super().__init__(**options)

    def get_train_dataloader(self):
        self.accelerator.even_batches = False
        loader = torch.utils.data.DataLoader(
            self.batches.rows,
            batch_sampler=self.batches,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )
        self._train_dataloader = self.accelerator.prepare(loader)
        return self._train_dataloader

    def create_scheduler(self, num_training_steps, optimizer=None):
        if self.lr_scheduler is None:
            warmup = math.ceil(num_training_steps * self.settings["warmup"])
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer or self.optimizer,
                lambda step: rate_factor(step + 1, num_training_steps, warmup),
            )
        return self.lr_scheduler

    def get_decay_parameter_names(self, model):
        return [
            name
            for name, _ in model.named_parameters()
            if not name.endswith("bias") and not re.search("norm", name, re.I)
        ]


def rate_factor(step, total, warmup, lowest=0.1):
    """tdro's schedule: a linear rise, then a cosine down to a tenth."""
    if step < warmup:
        return step / warmup
    if step > total:
        return lowest
    fall = (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))) / 2
    return fall * (1 - lowest) + lowest


class StepLog(TrainerCallback):
    """Writes the mean loss of each update, of all processes, and that of each task."""

    def __init__(self, path, loss, names):
        self.path, self.loss, self.names = Path(path), loss, names

    def on_train_begin(self, args, state, control, **kwargs):
        if state.is_world_process_zero and state.global_step == 0:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)

    def on_step_end(self, args, state, control, **kwargs):
        losses, domains = (gathered(each).tolist() for each in self.loss.last)
        if not state.is_world_process_zero:
            return
        by_task = {
            self.names[k]: sum(own) / len(own)
            for k in sorted(set(domains))
            for own in [[loss for loss, domain in zip(losses, domains) if domain == k]]
        }
        line = {"step": state.global_step - 1, "loss": sum(losses) / len(losses), "lossByTask": by_task}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def load_model(path, settings):
    """The base model in float32, frozen or adapted as the run's was."""
    device = "cpu" if settings["cpu"] else None
    model = SentenceTransformer(str(path), device=device, model_kwargs={"dtype": torch.float32})
    if settings.get("lora"):
        add_adapter(model, settings["lora"])
    transformer = model[0].auto_model
    for name, parameter in transformer.named_parameters():
        # The head that BERT has for other ends takes no part.
        frozen = name.startswith("pooler.") or any(name == each or name.startswith(each.rstrip(".") + ".") for each in settings["freeze"])
        if frozen or (not settings["trainEmbeddings"] and TABLES.search(name)):
            parameter.requires_grad = False
    return model


def add_adapter(model, lora):
    from peft import LoraConfig

    targets = lora["targets"]
    model.add_adapter(
        LoraConfig(
            r=lora["rank"],
            lora_alpha=lora["alpha"],
            lora_dropout=lora["dropout"],
            target_modules=targets if isinstance(targets, str) else list(targets),
            use_rslora=lora["rsLora"],
            rank_pattern=lora.get("rankPattern") or {},
            alpha_pattern=lora.get("alphaPattern") or {},
        )
    )


def training_arguments(out, settings, *, steps):
    return SentenceTransformerTrainingArguments(
        output_dir=str(out),
        max_steps=steps,
        seed=settings["seed"],
        learning_rate=settings["learningRate"],
        weight_decay=settings["weightDecay"],
        max_grad_norm=1.0,
        bf16=settings["precision"] == "bfloat16",
        gradient_checkpointing=settings["checkpointing"],
        save_steps=settings["checkpointEvery"],
        save_total_limit=2,
        logging_steps=10,
        report_to="none",
        use_cpu=settings["cpu"],
        dataloader_pin_memory=not settings["cpu"],
    )
