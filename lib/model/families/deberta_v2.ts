import type { Tensor2D } from "../../backend/mod.ts";
import {
  disentangledAttention,
  embedding,
  longest,
} from "../../backend/kernels/mod.ts";
import type { Family, ParameterSpec } from "../config/family.ts";
import type { DebertaConfig } from "../config/model_config.ts";
import { type Layers, openLayers } from "../encode/layers.ts";
import { debertaGraph } from "../onnx/deberta_graph.ts";
import {
  BERT_NAMES,
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
  type BertNames,
} from "./bert_layers.ts";
import { debertaFields, parseDeberta } from "./deberta_config.ts";
import { debertaRow, debertaScale } from "./deberta_distance.ts";
import { mapParameters } from "./map_parameters.ts";
import { checkTextLengths, positionsInText } from "./positions.ts";

const NAMES: BertNames = {
  ...BERT_NAMES,
  query: "attention.self.query_proj",
  key: "attention.self.key_proj",
  value: "attention.self.value_proj",
};

/** Names of what distances have of their own. */
export const DEBERTA_DISTANCES = {
  /** A row for each distance. */
  table: "encoder.rel_embeddings.weight",
  /** The norm over these rows. */
  norm: "encoder.LayerNorm",
  /** Maps of the rows that queries look at, and of those that keys look at. */
  own: ["attention.self.pos_key_proj", "attention.self.pos_query_proj"],
  /** The contents' maps, which may be shared. */
  shared: [NAMES.key, NAMES.query],
} as const;

/**
 * DeBERTa in versions 2 and 3 (arXiv 2111.09543): contents look at distances, and
 * distances at contents; without the convolution of version 2's first files.
 */
export const debertaV2: Family<DebertaConfig> = {
  prefixes: ["deberta."],
  kept: null,
  causal: false,
  parse: parseDeberta,
  fields: debertaFields,
  parameters: debertaParameters,
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions);
    // Rows of distances are no tokens, and nothing of them is dropped.
    const layers = openLayers(parameters, { ...options, dropout: undefined });
    const L = longest(batch);
    const pairs = distancePairs(config, L);
    return bertLayersForward({ config, parameters, batch }, {
      ...options,
      names: NAMES,
      positions: config.positionTable ? positionsInText(batch) : undefined,
      types: config.typeVocabSize > 0,
      mix: ({ q, k, v }, at) =>
        disentangledAttention(q, k, v, {
          sequences: batch,
          heads: config.heads,
          scale: debertaScale(config),
          ...distanceRows(layers, config, { at, ids: pairs.ids }),
          rows: pairs.rows,
          tape: layers.tape,
        }),
    });
  },
  graph: (config, graph) =>
    debertaGraph(graph, config, { names: NAMES, distances: DEBERTA_DISTANCES }),
};

function debertaParameters(config: DebertaConfig): ParameterSpec[] {
  const { hiddenSize: D, looking, sharedMaps } = config;
  const { table, norm, own } = DEBERTA_DISTANCES;
  const maps = sharedMaps
    ? []
    : own.filter((_, i) => [looking.queries, looking.keys][i]);
  return [
    ...bertEmbeddingParameters(config, {
      word: config.vocabSize,
      ...config.positionTable && { position: config.maxPositions },
      ...config.typeVocabSize > 0 && { token_type: config.typeVocabSize },
    }),
    ...bertLayerParameters(config, NAMES),
    ...Array.from({ length: config.layers }, (_, i) => NAMES.layer(i))
      .flatMap((at) =>
        maps.flatMap((map) => mapParameters(`${at}.${map}`, [D, D], true))
      ),
    { name: table, shape: [2 * config.span, D], init: "normal" },
    ...config.distanceNorm
      ? [
        { name: `${norm}.weight`, shape: [D], init: "ones" as const },
        { name: `${norm}.bias`, shape: [D], init: "zeros" as const },
      ]
      : [],
  ];
}

/** The rows of the table that texts of up to L tokens need, and each pair's. */
function distancePairs(
  config: DebertaConfig,
  L: number,
): { ids: Int32Array; rows: Int32Array } {
  const first = debertaRow(1 - L, config);
  const last = debertaRow(L - 1, config);
  return {
    ids: Int32Array.from({ length: last - first + 1 }, (_, i) => first + i),
    rows: Int32Array.from(
      { length: L * L },
      (_, pair) => debertaRow(Math.floor(pair / L) - pair % L, config) - first,
    ),
  };
}

/** What queries and keys of a layer look at, for each of these distances. */
function distanceRows(
  layers: Layers,
  { looking, sharedMaps, distanceNorm, layerNormEps: eps }: DebertaConfig,
  { at, ids }: { at: string; ids: Int32Array },
): { keysByDistance?: Tensor2D; queriesByDistance?: Tensor2D } {
  const { table, norm, own, shared } = DEBERTA_DISTANCES;
  const rows = embedding(layers.get<Tensor2D>(table), ids, {
    tape: layers.tape,
  });
  const normal = distanceNorm ? layers.norm(rows, norm, { eps }) : rows;
  const [keys, queries] = sharedMaps ? shared : own;
  return {
    ...looking.queries &&
      { keysByDistance: layers.dense(normal, `${at}.${keys}`) },
    ...looking.keys &&
      { queriesByDistance: layers.dense(normal, `${at}.${queries}`) },
  };
}
