/** A row of the table: a piece of work, its peer, and the ratio to reach. */
export interface WorkEntry {
  /** Name of its modules, `works/NAME.ts` and `peers/NAME.py`. */
  name: string;
  /** What is done. */
  work: string;
  /** What it is compared with. */
  peer: string;
  /** Times faster than the peer that is wanted; memory: at most this share. */
  target: number;
  /** Arguments of the modules beside the size: the name's variants. */
  variant?: string;
  /** Whether peak memory is compared too. */
  memory?: boolean;
}

/** Every benchmark, in the order of the table. */
export const WORKS: readonly WorkEntry[] = [
  {
    name: "train_minilm_f32",
    work: "training step, MiniLM size, 32×64 tokens, float32",
    peer: "PyTorch float32",
    target: 1.7,
    memory: true,
  },
  {
    name: "train_minilm_bf16",
    work: "training step, MiniLM size, 32×64 tokens, bfloat16",
    peer: "PyTorch bfloat16 autocast",
    target: 1.4,
  },
  {
    name: "train_decoder_f32",
    work: "training step, Qwen2 style 8×512, 16×128 tokens, float32",
    peer: "PyTorch float32",
    target: 1.25,
  },
  {
    name: "train_decoder_bf16",
    work: "training step, Qwen2 style 8×512, 16×128 tokens, bfloat16",
    peer: "PyTorch bfloat16 autocast",
    target: 1.25,
  },
  {
    name: "train_mixed",
    work: "training step, real text, 16 queries × 8 passages",
    peer: "transformers, padded to the longest",
    target: 1.7,
  },
  {
    name: "encode",
    work: "encode 5,000 passages, all-MiniLM-L6-v2",
    peer: "sentence-transformers encode",
    target: 1.5,
  },
  {
    name: "encode_onnx_f32",
    work: "encode 5,000 passages, all-MiniLM-L6-v2",
    peer: "ONNX Runtime float32",
    target: 1.5,
  },
  {
    name: "encode_onnx_int8",
    work: "encode 5,000 passages in int8, all-MiniLM-L6-v2",
    peer: "ONNX Runtime int8",
    target: 1,
  },
  {
    name: "encode_openvino_f32",
    work: "encode 5,000 passages, all-MiniLM-L6-v2",
    peer: "OpenVINO float32",
    target: 1.5,
  },
  {
    name: "encode_openvino_int8",
    work: "encode 5,000 passages in int8, all-MiniLM-L6-v2",
    peer: "OpenVINO int8",
    target: 1,
  },
  {
    name: "search",
    work: "exact top-100, 1,000 queries × 100,000 × 384",
    peer: "faiss IndexFlatIP",
    target: 1.2,
    memory: true,
  },
  {
    name: "search_million",
    work: "exact top-100, 1,000 queries × 1,000,000 × 384",
    peer: "faiss IndexFlatIP",
    target: 1.2,
    memory: true,
  },
  {
    name: "trec_metrics",
    work: "nDCG@10 and recall@100, 10,000 queries × 1,000 passages",
    peer: "pytrec_eval",
    target: 1.5,
  },
  {
    name: "bm25_index",
    work: "BM25 index of 30,000 passages",
    peer: "bm25s",
    target: 1,
  },
  {
    name: "bm25_query",
    work: "BM25 top-100 of 1,000 queries in 30,000 passages",
    peer: "bm25s",
    target: 1,
  },
];
