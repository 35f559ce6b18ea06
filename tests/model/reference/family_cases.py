"""A tiny model of each family: its vectors, gradients, and ten steps of training."""

import os

import torch
import transformers
from safetensors.torch import load_file, save_file

import _cases
from _jina import Jina
from _cases import TEXTS, Cases, loaded, plain_vectors, shaken, tokenizer

cases = Cases()
TARGETS = torch.randn(len(TEXTS), 16, generator=torch.Generator().manual_seed(5))
RATE = 0.0005


def loss_of(model):
    words = tokenizer()
    rows = []
    for text in TEXTS:
        ids = torch.tensor([words(text)["input_ids"]])
        rows.append(model(input_ids=ids).last_hidden_state[0].mean(0))
    normal = torch.nn.functional.normalize(torch.stack(rows), dim=1)
    return (normal * TARGETS).sum()


def gradients(folder, model):
    """Gradients of the loss to gradients.safetensors; the losses of ten steps."""
    found = {}
    losses = []
    for step in range(10):
        model.zero_grad()
        loss = loss_of(model)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.grad is None:
                    continue
                if step == 0:
                    found[name] = parameter.grad.clone()
                parameter -= RATE * parameter.grad
    save_file(found, os.path.join(folder, "gradients.safetensors"))
    return losses


def add(name, model, rename=None, trains=True):
    folder = cases.folder(name.replace(" ", "-"))
    shaken(model).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    expected = plain_vectors(folder)
    more = {}
    if trains:
        more = dict(losses=gradients(folder, loaded(folder)), targets=TARGETS.tolist(), rate=RATE)
    if rename:
        path = os.path.join(folder, "model.safetensors")
        save_file(rename(load_file(path)), path, metadata={"format": "pt"})
    cases.add(name, folder, expected, **more)
    return folder


def config(kind, **changes):
    sizes = {**_cases.BERT, **changes}
    return transformers.CONFIG_MAPPING[kind](**sizes)


def model(kind, **changes):
    return transformers.AutoModel.from_config(config(kind, **changes))


DISTIL = dict(vocab_size=len(_cases.VOCAB), dim=16, n_layers=3, n_heads=4, hidden_dim=24,
              max_position_embeddings=66)
add("distilbert", transformers.DistilBertModel(transformers.DistilBertConfig(**DISTIL)))
add("distilbert with relu", transformers.DistilBertModel(
    transformers.DistilBertConfig(**DISTIL, activation="relu")))
add("distilbert with a head", transformers.DistilBertForMaskedLM(
    transformers.DistilBertConfig(**DISTIL)), trains=False)

add("electra", model("electra", embedding_size=8))
add("electra as wide as its embeddings", model("electra", embedding_size=16))
add("electra with a head", transformers.ElectraForPreTraining(config("electra", embedding_size=8)), trains=False)

add("albert", model("albert", embedding_size=8))
add("albert of two groups", model("albert", embedding_size=8, num_hidden_groups=2, hidden_act="gelu"))
add("albert with a head", transformers.AlbertForMaskedLM(config("albert", embedding_size=16)), trains=False)

MODERN = dict(num_hidden_layers=4, local_attention=6)
add("modernbert", model("modernbert", **MODERN))
add("modernbert with biases", model("modernbert", norm_bias=True, attention_bias=True, mlp_bias=True, **MODERN))
add("modernbert with other windows", model(
    "modernbert", local_attention=5, num_hidden_layers=3,
    layer_types=["sliding_attention", "full_attention", "sliding_attention"]))
add("modernbert with old fields", model(
    "modernbert", global_attn_every_n_layers=2, global_rope_theta=500.0, local_rope_theta=50.0, **MODERN))
add("modernbert that ends with all", model(
    "modernbert", num_hidden_layers=2, local_attention=4,
    layer_types=["sliding_attention", "full_attention"]))
add("modernbert with a head", transformers.ModernBertForMaskedLM(config("modernbert", **MODERN)), trains=False)


def own_names(model):
    """transformers saves these two as they were published: fused, under old names."""
    return lambda _: {name: t.clone() for name, t in model.state_dict().items()}


for kind in ["nomic_bert", "gte"]:
    made = model(kind)
    folder = add(f"{kind} with its own names", made, rename=own_names(made))
    published = add(f"{kind} as published", model(kind))
    assert set(load_file(f"{folder}/model.safetensors")) != set(load_file(f"{published}/model.safetensors"))
add("nomic_bert with wide heads", model("nomic_bert", head_dim=6, hidden_act="gelu"))
add("gte without types", model("gte", type_vocab_size=0))
add("gte, stretched", model("gte", rope_parameters={
    "rope_type": "linear", "factor": 2.0, "rope_theta": 100.0}))

DEBERTA = dict(relative_attention=True, position_biased_input=False, pos_att_type=["p2c", "c2p"],
               position_buckets=6, max_relative_positions=12, share_att_key=True,
               norm_rel_ebd="layer_norm")
add("deberta-v2 as version 3", model("deberta-v2", **DEBERTA))
add("deberta-v2 with all of its own", model(
    "deberta-v2", **{**DEBERTA, "share_att_key": False, "norm_rel_ebd": "none",
                     "position_biased_input": True, "type_vocab_size": 2}))
add("deberta-v2 without buckets", model(
    "deberta-v2", **{**DEBERTA, "position_buckets": -1, "max_relative_positions": 7}))
for looks in [["c2p"], ["p2c"], []]:
    add(f"deberta-v2 that looks by {looks}", model(
        "deberta-v2", **{**DEBERTA, "share_att_key": False, "pos_att_type": looks}))
add("deberta-v2 with a head", transformers.DebertaV2ForMaskedLM(config("deberta-v2", **DEBERTA)), trains=False)

for heads in [4, 3]:
    # Three heads are no power of two, and their width is another.
    sizes = {**_cases.BERT, "num_attention_heads": heads, "hidden_size": 16 if heads == 4 else 12}
    add(f"jina of {heads} heads", Jina(**sizes), trains=heads == 4)

T5 = dict(vocab_size=len(_cases.VOCAB), d_model=16, d_kv=6, d_ff=24, num_layers=3, num_heads=4,
          relative_attention_num_buckets=8, relative_attention_max_distance=10)
for kind in ["relu", "gated-gelu", "gelu", "gated-silu"]:
    add(f"t5 {kind}", transformers.T5EncoderModel(transformers.T5Config(**T5, feed_forward_proj=kind)))
add("t5 with its decoder", transformers.T5Model(transformers.T5Config(**T5, num_decoder_layers=1)), trains=False)
add("t5 whose table is the encoder's", transformers.T5EncoderModel(transformers.T5Config(**T5)), trains=False,
    rename=lambda tensors: {
        name.replace("shared.weight", "encoder.embed_tokens.weight"): t
        for name, t in tensors.items() if name != "encoder.embed_tokens.weight"})

DECODER = dict(num_key_value_heads=2)
add("eurobert", model("eurobert", **DECODER))
add("eurobert with biases", model("eurobert", attention_bias=True, mlp_bias=True, **DECODER))
add("gemma", model("gemma", head_dim=6, **DECODER))
add("olmo2", model("olmo2", **DECODER))
add("phi3", model("phi3", **DECODER))
add("phi3 with a window", model("phi3", sliding_window=5, **DECODER))
add("phi3, long", model("phi3", max_position_embeddings=66, original_max_position_embeddings=8,
    rope_parameters={"rope_type": "longrope", "rope_theta": 100.0,
                     "short_factor": [1.0, 1.5], "long_factor": [2.0, 5.0]}, **DECODER))
add("qwen3", model("qwen3", head_dim=8, **DECODER))
add("gemma3_text", model("gemma3_text", head_dim=8, query_pre_attn_scalar=8, sliding_window=5, **DECODER))
add("llama", model("llama", **DECODER))
add("bert", model("bert"))
cases.done()
