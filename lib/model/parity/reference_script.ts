/**
 * Python that computes a reference: as sentence-transformers does where the
 * folder has `modules.json`, else mean pooling and L2 norm, as `readModules()`
 * takes plain folders. Arguments: folder, JSON list of texts, output file.
 */
export const REFERENCE_SCRIPT = `
import json, os, sys
import torch, transformers

folder, texts_file, out_file = sys.argv[1:4]
texts = json.load(open(texts_file))
torch.manual_seed(0)
made_with = {"torch": torch.__version__, "transformers": transformers.__version__}
adapter = os.path.join(folder, "adapter")
adapter = adapter if os.path.exists(os.path.join(adapter, "adapter_config.json")) else None


def adapted(model):
    if adapter is None:
        return model
    import peft
    made_with["peft"] = peft.__version__
    return peft.PeftModel.from_pretrained(model, adapter).eval()


if os.path.exists(os.path.join(folder, "modules.json")):
    import sentence_transformers
    made_with["sentence-transformers"] = sentence_transformers.__version__
    model = sentence_transformers.SentenceTransformer(
        folder, device="cpu", model_kwargs={"dtype": torch.float32})
    if adapter is not None:
        first = model[0]
        for name, child in list(first.named_children()):
            if isinstance(child, transformers.PreTrainedModel):
                setattr(first, name, adapted(child))
    limit, tokenizer = model.max_seq_length, model.tokenizer
    embeddings = model.encode(texts, batch_size=4, prompt="", show_progress_bar=False)
    embeddings = torch.as_tensor(embeddings)
else:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = adapted(transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval())
    limit = min(tokenizer.model_max_length, model.config.max_position_embeddings)
    rows = []
    with torch.no_grad():
        for text in texts:
            batch = tokenizer([text], return_tensors="pt", truncation=True, max_length=limit)
            batch = {k: v for k, v in batch.items() if k in ("input_ids", "attention_mask")}
            hidden = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).float()
            rows.append((hidden * mask).sum(1) / mask.sum(1).clamp(min=1))
    embeddings = torch.nn.functional.normalize(torch.cat(rows), dim=1)
if limit is not None and limit > 10**6:
    limit = None  # as much as no limit
encoded = tokenizer(texts, truncation=limit is not None, max_length=limit)["input_ids"]
json.dump({"texts": texts, "ids": encoded, "madeWith": made_with,
           "embeddings": embeddings.float().tolist()}, open(out_file, "w"))
`;
