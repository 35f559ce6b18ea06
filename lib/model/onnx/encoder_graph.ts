import { checkFinite } from "../../base/check_finite.ts";
import { familyOf } from "../config/families.ts";
import { embeddingSize, type Encoder } from "../encode/encoder.ts";
import { mergedWeight } from "../lora/merged_weight.ts";
import { openGraph } from "./graph.ts";
import type { ParameterSource } from "./graph_tensors.ts";
import type { OnnxGraph } from "./model_proto.ts";
import { embeddingGraph } from "./pooling_graph.ts";

/** An encoder as a graph. */
export function encoderGraph(encoder: Encoder): OnnxGraph {
  const { config, modules } = encoder;
  const graph = openGraph(parametersOf(encoder));
  const hidden = familyOf(config).graph(config, graph);
  const vectors = embeddingGraph(graph, hidden, modules);
  const [B, L] = ["batch_size", "sequence_length"];
  return graph.finish([
    {
      name: "last_hidden_state",
      from: hidden,
      type: "float",
      shape: [B!, L!, config.hiddenSize],
    },
    {
      name: "sentence_embedding",
      from: vectors,
      type: "float",
      shape: [B!, embeddingSize(encoder)],
    },
  ]);
}

/** An encoder's parameters, with its adapter's change. */
function parametersOf(encoder: Encoder): ParameterSource {
  return {
    shapeOf: (name) => encoder.parameters.get(name)?.shape,
    async read(name) {
      const merged = mergedWeight(encoder, name);
      const tensor = merged ?? encoder.parameters.get(name)!;
      const values = await tensor.data() as Float32Array;
      merged?.dispose();
      return checkFinite(name, values);
    },
  };
}
