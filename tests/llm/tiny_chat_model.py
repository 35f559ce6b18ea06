"""Fits a tiny llama to one answer, whatever is asked, and writes it to a folder.

A real server can serve it, and what it says is of the form that tdro asks for. It
stands for a language model as little as a parrot does.
"""

import random
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

folder, answer = sys.argv[1:]
torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)
made = Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.decoder = decoders.ByteLevel()
made.train_from_iterator(
    [answer] * 10,
    trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "</s>", "<|user|>", "<|assistant|>"],
    ),
)
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="</s>"
)
tokenizer.chat_template = (
    "{% for m in messages %}<|user|>{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
model = LlamaForCausalLM(
    LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
)
target = tokenizer(answer)["input_ids"] + [tokenizer.eos_token_id]
start = tokenizer.convert_tokens_to_ids("<|assistant|>")
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(400):
    # Prompts of any text and length, and positions from anywhere.
    prompt = [random.randrange(4, len(tokenizer)) for _ in range(random.randrange(64))]
    ids = torch.tensor([prompt + [start] + target])
    labels = ids.clone()
    labels[:, : len(prompt) + 1] = -100
    at = random.randrange(4000)
    positions = torch.arange(at, at + ids.shape[1])[None]
    loss = model(input_ids=ids, labels=labels, position_ids=positions).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
model.save_pretrained(folder)
tokenizer.save_pretrained(folder)
print(f"loss {loss.item():.4f}")
