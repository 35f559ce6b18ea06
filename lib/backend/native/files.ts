// The C++ files are part of the module graph, so that they reach those who import
// the package from JSR: no file or network is read for them.
import activationCc from "./activation.cc" with { type: "text" };
import activationH from "./activation.h" with { type: "text" };
import adamwCc from "./adamw.cc" with { type: "text" };
import attentionCc from "./attention.cc" with { type: "text" };
import callsCc from "./nearest/calls.cc" with { type: "text" };
import candidatesH from "./nearest/candidates.h" with { type: "text" };
import bufferH from "./product/buffer.h" with { type: "text" };
import bytesH from "./product/bytes.h" with { type: "text" };
import callH from "./call.h" with { type: "text" };
import columnSumCc from "./column_sum.cc" with { type: "text" };
import columnSumH from "./column_sum.h" with { type: "text" };
import digitsH from "./product/digits.h" with { type: "text" };
import engineH from "./product/engine.h" with { type: "text" };
import feedForwardCc from "./feed_forward.cc" with { type: "text" };
import fewQueriesH from "./nearest/few_queries.h" with { type: "text" };
import gemmCc from "./product/gemm.cc" with { type: "text" };
import gemmH from "./product/gemm.h" with { type: "text" };
import int8Cc from "./int8.cc" with { type: "text" };
import lanesH from "./product/lanes.h" with { type: "text" };
import hammingCc from "./hamming.cc" with { type: "text" };
import linearCc from "./linear.cc" with { type: "text" };
import matMulCc from "./mat_mul.cc" with { type: "text" };
import nearestCc from "./nearest/nearest.cc" with { type: "text" };
import nearestH from "./nearest/nearest.h" with { type: "text" };
import normCc from "./norm.cc" with { type: "text" };
import packingH from "./product/packing.h" with { type: "text" };
import poolCc from "./product/pool.cc" with { type: "text" };
import poolH from "./product/pool.h" with { type: "text" };
import precisionH from "./precision.h" with { type: "text" };
import productCc from "./product/product.cc" with { type: "text" };
import productH from "./product/product.h" with { type: "text" };
import rotaryCc from "./rotary.cc" with { type: "text" };
import rowsCc from "./rows.cc" with { type: "text" };
import scoreRowsCc from "./nearest/score_rows.cc" with { type: "text" };
import tensorflowH from "./tensorflow.h" with { type: "text" };
import tiledCrossEntropyCc from "./tiled_cross_entropy.cc" with {
  type: "text",
};
import tilesH from "./product/tiles.h" with { type: "text" };
import vectorsH from "./product/vectors.h" with { type: "text" };
import wantedH from "./wanted.h" with { type: "text" };
import weightGradientCc from "./weight_gradient.cc" with { type: "text" };
import weightGradientH from "./weight_gradient.h" with { type: "text" };

/** The files of the compiled kernels by name; a test holds that none is missing. */
export const NATIVE_FILES: Readonly<Record<string, string>> = {
  "activation.cc": activationCc,
  "activation.h": activationH,
  "adamw.cc": adamwCc,
  "attention.cc": attentionCc,
  "buffer.h": bufferH,
  "bytes.h": bytesH,
  "call.h": callH,
  "calls.cc": callsCc,
  "candidates.h": candidatesH,
  "column_sum.cc": columnSumCc,
  "column_sum.h": columnSumH,
  "digits.h": digitsH,
  "engine.h": engineH,
  "feed_forward.cc": feedForwardCc,
  "few_queries.h": fewQueriesH,
  "gemm.cc": gemmCc,
  "gemm.h": gemmH,
  "hamming.cc": hammingCc,
  "int8.cc": int8Cc,
  "lanes.h": lanesH,
  "linear.cc": linearCc,
  "mat_mul.cc": matMulCc,
  "nearest.cc": nearestCc,
  "nearest.h": nearestH,
  "norm.cc": normCc,
  "packing.h": packingH,
  "pool.cc": poolCc,
  "pool.h": poolH,
  "precision.h": precisionH,
  "product.cc": productCc,
  "product.h": productH,
  "rotary.cc": rotaryCc,
  "rows.cc": rowsCc,
  "score_rows.cc": scoreRowsCc,
  "tensorflow.h": tensorflowH,
  "tiled_cross_entropy.cc": tiledCrossEntropyCc,
  "tiles.h": tilesH,
  "vectors.h": vectorsH,
  "wanted.h": wantedH,
  "weight_gradient.cc": weightGradientCc,
  "weight_gradient.h": weightGradientH,
};
