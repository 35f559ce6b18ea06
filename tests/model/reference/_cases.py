"""Tiny random model folders, and what the Python libraries make of them.

A script of cases makes a Cases with the folder that it was called with, adds to
it, and ends with done(); `_python_cases.ts` reads what it leaves there.
"""

import json
import os
import sys

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from _jina import is_jina, load_jina

TEXTS = [
    "red",
    "a green bird sings red blue and the sky is blue blue blue as a bird",
    "blue is",
    "the sky sings a green red blue bird is the sky",
]
WORDS = sorted({word for text in TEXTS for word in text.split()})
VOCAB = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", *WORDS]

torch.manual_seed(0)
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


def tokenizer():
    """Words as tokens, [CLS] before and [SEP] after them."""
    made = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(VOCAB)}, unk_token="[UNK]")
    )
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(VOCAB[:5])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        eos_token="[SEP]",
        unk_token="[UNK]",
        mask_token="[MASK]",
        model_max_length=64,
    )


BERT = dict(
    vocab_size=len(VOCAB),
    hidden_size=16,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=24,
    max_position_embeddings=66,
    pad_token_id=0,
)


def shaken(model, by=0.3):
    """Random numbers everywhere, so that every part has an effect."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator) * by
            if parameter.dim() == 1 and "norm" in name.lower() and "bias" not in name:
                noise = noise + 1
            parameter.copy_(noise)
    return model.eval()


def bert(**changes):
    return shaken(transformers.BertModel(transformers.BertConfig(**{**BERT, **changes})))


def vectors(folder, **options):
    """What sentence-transformers makes of the texts, alone and in a batch."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, device="cpu", **options)
    return model.encode(TEXTS, show_progress_bar=False)


def loaded(folder):
    """The model that texts go through: of T5, the encoder alone."""
    if is_jina(folder):
        return load_jina(folder)
    kind = transformers.AutoConfig.from_pretrained(folder).model_type
    load = transformers.T5EncoderModel if kind == "t5" else transformers.AutoModel
    return load.from_pretrained(folder).eval()


def plain_vectors(folder):
    """What transformers makes of each text alone: mean pooling, length 1."""
    model = loaded(folder)
    words = tokenizer()
    rows = []
    with torch.no_grad():
        for text in TEXTS:
            ids = torch.tensor([words(text)["input_ids"]])
            rows.append(model(input_ids=ids).last_hidden_state[0].mean(0))
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


class Cases:
    def __init__(self, out=None):
        self.out = out or sys.argv[1]
        self.cases = []

    def folder(self, name):
        path = os.path.join(self.out, name)
        os.makedirs(path, exist_ok=True)
        return path

    def add(self, name, folder, expected=None, **more):
        """A folder, and the vectors of TEXTS that it must give."""
        self.cases.append(
            dict(
                name=name,
                folder=folder,
                embeddings=None if expected is None else torch.as_tensor(expected).tolist(),
                **more,
            )
        )

    def done(self):
        with open(os.path.join(self.out, "cases.json"), "w") as file:
            json.dump({"texts": TEXTS, "cases": self.cases}, file)
