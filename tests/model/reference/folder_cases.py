"""Folders as they lie on the hub and in old projects."""

import os
import shutil

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from sentence_transformers.base.modules import Transformer

import _cases
from _cases import Cases, shaken, tokenizer, vectors

cases = Cases()


def saved(name, model):
    folder = cases.folder(name)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def renamed(folder, rename):
    path = os.path.join(folder, "model.safetensors")
    tensors = {rename(name): tensor for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def old_norms(name):
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta"
    )


KINDS = {
    "bert": (transformers.BertConfig, transformers.BertModel),
    "roberta": (transformers.RobertaConfig, transformers.RobertaModel),
    "xlm-roberta": (transformers.XLMRobertaConfig, transformers.XLMRobertaModel),
    "camembert": (transformers.CamembertConfig, transformers.CamembertModel),
    "mpnet": (transformers.MPNetConfig, transformers.MPNetModel),
}
for kind, (config, model) in KINDS.items():
    made = shaken(model(config(**_cases.BERT)))
    folder = saved(f"{kind}-gamma", made)
    expected = vectors(folder)
    renamed(folder, old_norms)
    assert abs(vectors(folder) - expected).max() < 1e-6
    cases.add(f"{kind} with LayerNorm.gamma and beta", folder, expected)

for prefix in ["bert.", "module.", "_orig_mod.", "module.bert.", "0.auto_model.", "encoder."]:
    folder = saved(f"prefix-{prefix}", _cases.bert())
    expected = vectors(folder)
    renamed(folder, lambda name: prefix + name)
    cases.add(f"tensors that begin with {prefix}", folder, expected)

folder = saved("two-models", _cases.bert())
tensors = load_file(f"{folder}/model.safetensors")
two = {f"{side}.{name}": t for name, t in tensors.items() for side in ("query", "passage")}
save_file({name: t.clone() for name, t in two.items()}, f"{folder}/model.safetensors")
cases.add("two models in one file", folder, error="of one model: got 2, .*passage\\. and query\\.")

headed = shaken(transformers.BertForMaskedLM(transformers.BertConfig(**_cases.BERT)))
folder = saved("with-head", headed)
cases.add("weights with a head", folder, vectors(folder))

# As sentence-transformers laid folders out before version 2.
flat = saved("old-layout-source", _cases.bert())
modules = [Transformer(flat), Pooling(16, "cls"), Normalize()]
folder = cases.folder("old-layout")
SentenceTransformer(modules=modules, device="cpu").save(folder)
inner = os.path.join(folder, "0_Transformer")
os.makedirs(inner)
for file in os.listdir(folder):
    path = os.path.join(folder, file)
    if os.path.isfile(path) and file not in (
        "modules.json", "config_sentence_transformers.json", "README.md",
    ):
        shutil.move(path, inner)
listed = os.path.join(folder, "modules.json")
text = open(listed).read().replace('"path": ""', '"path": "0_Transformer"')
open(listed, "w").write(text)
cases.add("0_Transformer/", folder, vectors(folder))

# Adapters.
def adapter_for(base):
    lora = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["query", "value"])
    model = peft.get_peft_model(transformers.AutoModel.from_pretrained(base), lora)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model


beside = saved("adapter-beside", _cases.bert())
adapter_for(beside).save_pretrained(beside)
cases.add("an adapter beside the weights", beside, vectors(beside))

base = saved("base", _cases.bert())
alone = cases.folder("adapter-alone")
adapter_for(base).save_pretrained(alone)
tokenizer().save_pretrained(alone)
cases.add("an adapter alone, whose base is a folder", alone, vectors(alone))

missing = cases.folder("adapter-missing")
shutil.copytree(alone, missing, dirs_exist_ok=True)
config = os.path.join(missing, "adapter_config.json")
text = open(config).read().replace(base, "someone/encoder")
open(config, "w").write(text)
cases.add("an adapter alone, whose base isn't there", missing,
          error='adapter for the model "someone/encoder", .*tdro model pull someone/encoder')
named = cases.folder("encoder")
shutil.copytree(base, named, dirs_exist_ok=True)
open(os.path.join(named, "tdro_source.json"), "w").write('{"id": "else/encoder"}')
cases.add("a folder pulled under another name", missing, error="tdro model pull someone/encoder")
pulled = cases.folder("pulled/adapter")
shutil.copytree(missing, pulled, dirs_exist_ok=True)
shutil.copytree(base, cases.folder("pulled/encoder"), dirs_exist_ok=True)
open(cases.folder("pulled/encoder") + "/tdro_source.json", "w").write('{"id": "someone/encoder"}')
cases.add("an adapter alone, whose base was pulled", pulled, vectors(alone))

# Weights in another form, and the line that we name to convert them.
folder = saved("pickled", _cases.bert())
expected = vectors(folder)
torch.save(load_file(f"{folder}/model.safetensors"), f"{folder}/pytorch_model.bin")
os.remove(f"{folder}/model.safetensors")
cases.add("pytorch_model.bin", folder, expected, convert=True,
          error="must have model.safetensors .*: got pytorch_model.bin; convert it once: python3 -c")

cases.done()
