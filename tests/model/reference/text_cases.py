"""What the files beside tokenizer.json say about texts on their way to a model."""

import json
import os
import shutil

import transformers
from tokenizers import processors
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling

import _cases
from _cases import Cases, tokenizer, vectors

_cases.TEXTS[:] = [
    "Red",
    "A Green bird sings RED blue and the Sky is blue blue BLUE as a bird",
    "blué is 中blue",
    "the sky sings [SEP] a green red blue bird is the SKY",
]
cases = Cases()
WORDS = [word.upper() for word in _cases.WORDS] + ["Red", "A", "中", "blué"]


def save(name, made, pooling="mean", **config):
    """A folder of sentence-transformers with this tokenizer."""
    base = cases.folder("base-" + name)
    bert_of(made).save_pretrained(base)
    made.save_pretrained(base)
    model = SentenceTransformer(
        modules=[Transformer(base), Pooling(16, pooling)], device="cpu"
    )
    folder = cases.folder(name)
    model.save(folder)
    shutil.rmtree(base)
    change(folder, "tokenizer_config.json", **config)
    return folder


def bert_of(made):
    return _cases.bert(vocab_size=len(made))


def change(folder, file, **values):
    """Sets fields; None takes one away."""
    path = os.path.join(folder, file)
    content = json.load(open(path))
    content.update(values)
    content = {key: value for key, value in content.items() if value is not None}
    json.dump(content, open(path, "w"))


def bert_tokenizer(**options):
    vocab = dict.fromkeys([*_cases.VOCAB, *WORDS])
    return transformers.BertTokenizer(
        vocab={word: i for i, word in enumerate(vocab)}, **options
    )


for name, config in {
    "nothing": dict(do_lower_case=None, strip_accents=None),
    "small letters": dict(do_lower_case=True),
    "letters as they are": dict(do_lower_case=False),
    "accents kept": dict(strip_accents=False),
    "accents taken": dict(do_lower_case=False, strip_accents=True),
    "Chinese as it is": dict(tokenize_chinese_chars=False),
    "another class": dict(do_lower_case=False, tokenizer_class="DistilBertTokenizer"),
    "the plain class": dict(do_lower_case=False, tokenizer_class="PreTrainedTokenizerFast"),
}.items():
    folder = save(f"bert-{name}".replace(" ", "-"), bert_tokenizer(do_lower_case=True), **config)
    cases.add(f"BertTokenizer told {name}", folder, vectors(folder))

NAMES = ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"]
for name in NAMES:
    folder = save(f"named-{name}", tokenizer())
    change(folder, "sentence_bert_config.json", max_seq_length=5, do_lower_case=True)
    change(folder, "tokenizer_config.json", model_max_length=64)
    if name != "bert":
        os.rename(f"{folder}/sentence_bert_config.json", f"{folder}/sentence_{name}_config.json")
    cases.add(f"sentence_{name}_config.json", folder, vectors(folder))

for pooling in ["mean", "lasttoken"]:
    folder = save(f"left-{pooling}", tokenizer(), pooling, truncation_side="left", model_max_length=6)
    cases.add(f"cut at the left, {pooling}", folder, vectors(folder))
    folder = save(f"left-json-{pooling}", tokenizer(), pooling, truncation_side=None, model_max_length=6)
    truncation = dict(direction="Left", max_length=9, strategy="LongestFirst", stride=0)
    change(folder, "tokenizer.json", truncation=truncation)
    cases.add(f"cut at the left by tokenizer.json, {pooling}", folder, vectors(folder))


def bare():
    """The same tokens with nothing after the text."""
    made = tokenizer()
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 1)]
    )
    return made


folder = save("no-end-mean", bare(), "mean", add_eos_token=True)
cases.add("an end asked for, mean pooling", folder, vectors(folder))
folder = save("no-end-last", bare(), "lasttoken")
cases.add("no end asked for, last token", folder, vectors(folder))
folder = save("end-last", tokenizer(), "lasttoken")
expected = vectors(folder)
folder = save("end-asked", bare(), "lasttoken", add_eos_token=True)
cases.add("an end asked for, last token", folder, expected)
folder = save("end-unknown", bare(), "lasttoken", add_eos_token=True, eos_token=None)
cases.add("an end asked for that has no name", folder, error="must have an end token")

for value in ["cosine", "dot"]:
    folder = save(f"similarity-{value}", tokenizer())
    change(folder, "config_sentence_transformers.json", similarity_fn_name=value)
    cases.add(f"similarity {value}", folder, vectors(folder), similarity=value)
folder = save("similarity-euclidean", tokenizer())
change(folder, "config_sentence_transformers.json", similarity_fn_name="euclidean")
cases.add("similarity euclidean", folder, error='similarity_fn_name: must be "cosine" or "dot"')

folder = save("split", bert_tokenizer(), split_special_tokens=True)
cases.add("special tokens split", folder, error="split_special_tokens must be false")
folder = save("wrong-type", bert_tokenizer())
change(folder, "tokenizer_config.json", do_lower_case="yes")
cases.add("a setting of another type", folder, error="do_lower_case")
for key in ["tokenizer_args", "processor_kwargs", "model_args", "config_kwargs"]:
    folder = save(f"args-{key}", tokenizer())
    change(folder, "sentence_bert_config.json", **{key: dict(trust_remote_code=False)})
    cases.add(f"{key} that change nothing", folder, vectors(folder))
    change(folder, "sentence_bert_config.json", **{key: dict(add_pooling_layer=False)})
    other = f"{folder}-other"
    shutil.copytree(folder, other)
    change(folder, "sentence_bert_config.json", **{key: None})
    cases.add(f"{key} unknown here", other, error=f"{key}: add_pooling_layer: must be left out")
cases.done()
