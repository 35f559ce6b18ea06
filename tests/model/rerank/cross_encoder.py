"""Scores of tiny random cross-encoders by sentence-transformers.

Writes a folder of each family to the folder given, as save_pretrained() has it, and
prints the pairs and what CrossEncoder.predict() makes of them.
"""

import json
import sys

import torch
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMRobertaConfig,
)

WORDS = (
    "[PAD] [UNK] [CLS] [SEP] red green blue the of a song river lamp house what "
    "##s ##er where is , ? old [MASK] <s> </s> <mask>"
).split()

PAIRS = [
    ("what is the song", "the song of a river, the old lamp"),
    ("where is a lamp?", "red "),
    # Longer than the limit: the longer text is cut, both, the query alone.
    ("where is a lamp", "the river " * 20),
    ("where is the lamp " * 9, "the river " * 20),
    ("where is the house " * 9, "blue"),
    ("a", "the lamp the"),
    (" red", ""),
]


def tokenizer(kind, types):
    made = Tokenizer(
        models.WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]")
    )
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = {
        "bert": processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)),
        "roberta": processors.RobertaProcessing(
            ("[SEP]", 3), ("[CLS]", 2), trim_offsets=True, add_prefix_space=False
        ),
        "template": processors.TemplateProcessing(
            single="[CLS]:0 $A:0 [SEP]:0",
            pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        ),
    }[kind]
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=23,
        # Token types reach the model only where the tokenizer says so.
        **(dict(model_input_names=INPUTS) if types else {}),
    )


INPUTS = ["input_ids", "token_type_ids", "attention_mask"]


SIZES = dict(
    vocab_size=len(WORDS),
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    max_position_embeddings=40,
    num_labels=1,
    initializer_range=0.5,
)
ONE_TYPE = dict(type_vocab_size=1, pad_token_id=0)
CASES = {
    "bert": (BertConfig(**SIZES), "template", True),
    "bert-untyped": (BertConfig(**SIZES), "template", False),
    "roberta": (RobertaConfig(**SIZES, **ONE_TYPE), "roberta", False),
    "xlm-roberta": (XLMRobertaConfig(**SIZES, **ONE_TYPE), "roberta", False),
    "mpnet": (MPNetConfig(**SIZES, pad_token_id=0), "roberta", False),
    "electra": (ElectraConfig(**SIZES, embedding_size=8), "bert", True),
    "distilbert": (
        DistilBertConfig(
            vocab_size=len(WORDS),
            dim=16,
            hidden_dim=32,
            n_layers=2,
            n_heads=2,
            max_position_embeddings=40,
            num_labels=1,
            initializer_range=0.5,
            pad_token_id=0,
        ),
        "bert",
        False,
    ),
}

out = sys.argv[1]
torch.set_num_threads(1)
scores = {}
for name, (config, kind, types) in CASES.items():
    torch.manual_seed(len(name))
    folder = f"{out}/{name}"
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tokenizer(kind, types).save_pretrained(folder)
    # The class alone tells it, as in most folders.
    if name == "bert":
        path = f"{folder}/tokenizer_config.json"
        settings = json.load(open(path))
        settings.pop("model_input_names", None)
        settings["tokenizer_class"] = "BertTokenizer"
        json.dump(settings, open(path, "w"))
    # As a folder of transformers, and saved again by sentence-transformers.
    model = CrossEncoder(folder)
    scores[name] = [float(x) for x in model.predict(PAIRS)]
    raw = torch.nn.Identity()
    model = CrossEncoder(folder, activation_fn=raw)
    model.save_pretrained(f"{folder}-saved")
    scores[f"{name}-saved"] = [float(x) for x in model.predict(PAIRS)]
print(json.dumps({"pairs": PAIRS, "scores": scores}))
