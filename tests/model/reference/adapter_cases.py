"""Adapters of each kind that peft writes, on BERT and Qwen3."""

import peft
import torch
import transformers

import _cases
from _cases import Cases, shaken, tokenizer, vectors

cases = Cases()


def qwen3():
    return shaken(transformers.Qwen3Model(transformers.Qwen3Config(
        **{**_cases.BERT, "num_key_value_heads": 2, "head_dim": 6})))


def of(kind, **more):
    sizes = {**_cases.BERT, **more}
    return lambda: shaken(transformers.AutoModel.from_config(transformers.CONFIG_MAPPING[kind](**sizes)))


DISTIL = dict(dim=16, n_layers=2, n_heads=4, hidden_dim=24)
OTHERS = {
    "distilbert": of("distilbert", **DISTIL),
    "electra": of("electra", embedding_size=8),
    "albert": of("albert", embedding_size=8),
    "modernbert": of("modernbert", local_attention=6),
    "nomic_bert": of("nomic_bert"),
    "phi3": of("phi3", num_key_value_heads=2),
    "olmo2": of("olmo2", num_key_value_heads=2),
}
MODELS = {"bert": _cases.bert, "qwen3": qwen3, **OTHERS}
NAMES = {"bert": ["query", "value"], "qwen3": ["q_proj", "v_proj"]}


def add(kind, what, error=None, shake=True, full=False, **options):
    base = cases.folder(f"{kind}-base")
    MODELS[kind]().save_pretrained(base)
    tokenizer().save_pretrained(base)
    folder = cases.folder(f"{kind}-{what}".replace(" ", "-"))
    options = {"r": 2, "lora_alpha": 6, "target_modules": NAMES.get(kind), **options}
    model = peft.get_peft_model(
        transformers.AutoModel.from_pretrained(base), peft.LoraConfig(**options))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad or "lora_" in name:
                noise = torch.randn(parameter.shape, generator=generator) * 0.3
                parameter.add_(noise)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    expected = None if error else vectors(folder)
    cases.add(f"{kind}: {what}", folder, expected, error=error, base=base)


for kind in OTHERS:
    add(kind, "all-linear", target_modules="all-linear")
for kind in NAMES:
    add(kind, "plain")
    add(kind, "rsLoRA", use_rslora=True)
    add(kind, "all-linear", target_modules="all-linear")
    add(kind, "gaussian", init_lora_weights="gaussian")
    add(kind, "orthogonal", init_lora_weights="orthogonal")
    add(kind, "eva without data", init_lora_weights=False)
    add(kind, "OLoRA", init_lora_weights="olora")
    add(kind, "OLoRA and rsLoRA", init_lora_weights="olora", use_rslora=True)
    add(kind, "OLoRA of all", init_lora_weights="olora", target_modules="all-linear",
        rank_pattern={NAMES[kind][0]: 3})
    add(kind, "rank and alpha patterns", target_modules="all-linear",
        rank_pattern={NAMES[kind][0]: 5}, alpha_pattern={NAMES[kind][1]: 1})
    add(kind, "a pattern of targets",
        target_modules=r".*\.(?:1\..*(?:query|q_proj)|2\..*(?:value|v_proj))")
    add(kind, "DoRA", use_dora=True, error="use_dora: must be false: DoRA is not supported.*; merge it once")
    add(kind, "PiSSA", init_lora_weights="pissa", error="init_lora_weights: .*PiSSA.*got \"pissa\"; merge it once")
    add(kind, "PiSSA by iterations", init_lora_weights="pissa_niter_4", error="got \"pissa_niter_4\"")
    add(kind, "a pattern of ranks", rank_pattern={".*1.*" + NAMES[kind][0]: 3}, error="rank_pattern: must name maps")

add("bert", "one layer", layers_to_transform=[1])
add("bert", "dense", target_modules=["dense"])
add("bert", "biases", bias="all", error="bias: must be \"none\"")
add("bert", "biases of maps", bias="lora_only", error="bias: must be \"none\"")
add("bert", "biases of factors", lora_bias=True, error="lora_bias: must be false")
add("bert", "whole modules", modules_to_save=["pooler"], error="modules_to_save: must be null")
add("bert", "token rows", trainable_token_indices={"word_embeddings": [5, 6]},
    error="trainable_token_indices: must be null")
cases.done()
