import {
  addProductText,
  type HeadKind,
  keyRangeText,
  PLACES,
  placesText,
  REAL,
  rowReader,
  rowWriter,
  sharedText,
  stretchesText,
  TILE,
  tileText,
  WHOLE,
} from "./attention_text.ts";
import { EACH, type Shader } from "./shader.ts";

/**
 * Of each query and head, the logarithm of its sum, and the inner product of what
 * came out and its gradient: one buffer, as shaders may have eight.
 */
export const QUERY_SUMS: Shader = {
  name: "attention, query sums",
  reads: { out: "f32", dOut: "f32", logs: "f32" },
  writes: { sums: "f32" },
  whole: ["count", "D"],
  main: `${EACH}
  var sum = 0.0;
  for (var d = i * n.D; d < (i + 1u) * n.D; d++) { sum += out[d] * dOut[d]; }
  sums[2u * i] = logs[i];
  sums[2u * i + 1u] = sum;`,
};

/** Where the rows of a shader's tiles lie, all by the names it uses. */
const QUERIES = { kind: "queries", first: "i0", head: "head" } as const;
const KEYS = { kind: "keys", first: "j0", head: "keyHead" } as const;

/** What the shaders of the gradient have in common. */
function shaderOf(
  name: string,
  kind: HeadKind,
  { writes, main }: { writes: readonly string[]; main: string },
): Shader {
  const { stretches, element, bias } = kind;
  const rows = ["q", "k", "v", "dOut"];
  const kinds = Object.fromEntries(rows.map((row) => [row, element]));
  const outer = writes.filter((write) => write !== "dBias");
  return {
    name: `attention, ${name} ${[stretches, element, bias]}`,
    reads: {
      ...kinds,
      querySums: "vec2f",
      ...(bias ? { bias: "f32" } : {}),
      ...PLACES,
    },
    writes: Object.fromEntries(
      writes.map((write) => [write, write === "dBias" ? "f32" : element]),
    ),
    whole: WHOLE,
    real: REAL,
    outside: sharedText(kind) +
      rows.map((row) => rowReader(row, element)).join("") +
      outer.map((write) => rowWriter(write, element)).join(""),
    main: `
  let x = lane % 16u;
  let y = lane / 16u;
  let row = lane / 8u;
${main}`,
  };
}

/** WGSL: shares of a tile in `shares`, and slopes of its scores in `slopes`. */
const SHARES = `
  ${
  tileText("products", {
    rows: { of: "q", ...QUERIES },
    columns: { of: "k", ...KEYS },
  })
}
  var shares = vec4f();
  var slopes = vec4f();
  ${
  placesText(({ row, column, q }) =>
    `{
    let i = i0 + ${row};
    let j = j0 + ${column};
    if (sees(p, i, j)) {
      let score = scoreOf(products[${q}], p, head, i, j);
      shares[${q}] = exp(score.value - querySums[(p.queryStart + i) * n.heads + head].x);
      slopes[${q}] = score.slope;
    }
  }`
  )
}`;

/** WGSL: the gradient of what the softmax sees, in `grads`. */
const GRADS = `
  ${
  tileText("grads", {
    rows: { of: "dOut", ...QUERIES },
    columns: { of: "v", ...KEYS },
  })
}
  ${
  placesText(({ row, q }) =>
    `{
    let i = i0 + ${row};
    if (i < p.queries) {
      grads[${q}] = shares[${q}]
        * (grads[${q}] - querySums[(p.queryStart + i) * n.heads + head].y);
    }
  }`
  )
}`;

const storeText = (values: string) =>
  placesText(({ row, column, q }) =>
    `tile[${row} * 33u + ${column}] = ${values}[${q}];`
  );

/** Adds the transpose of the tile, times rows of queries. */
const addTurned = (name: string, of: string, kind: HeadKind) =>
  addProductText(name, kind, { rows: { of, ...QUERIES }, turned: true });

/** As in the forward pass: a workgroup has 32 queries and goes along their keys. */
export function queryShader(kind: HeadKind): Shader {
  return shaderOf("queries", kind, {
    writes: ["dq"],
    main: `
  let p = placeOf(group.z);
  let head = group.y;
  let keyHead = head / (n.heads / n.keyHeads);
  let i0 = group.x * ${TILE}u;
  if (i0 >= p.queries) { return; }
  ${keyRangeText("i0")}
  ${stretchesText(kind, (c) => `var sum${c} = vec4f();`)}
  for (var j0 = start; j0 < end; j0 += ${TILE}u) {
    ${SHARES}
    ${GRADS}
    grads *= slopes;
    ${storeText("grads")}
    ${addProductText("sum", kind, { rows: { of: "k", ...KEYS } })}
  }
  if (i0 + row >= p.queries) { return; }
  ${
      stretchesText(kind, (c) =>
        `dqPut(p.queryStart + i0 + row, n.heads, head, ${
          TILE * c
        }u + 4u * (lane % 8u), sum${c} * n.scale);`)
    }`,
  });
}

/**
 * A workgroup has 32 keys of one key head of one text, and goes along the queries
 * that see them, of all heads that share it: so nobody else adds to these rows.
 */
export function keyShader(kind: HeadKind, writes: readonly string[]): Shader {
  const sums = (name: string) =>
    stretchesText(kind, (c) => `var ${name}${c} = vec4f();`);
  const [ofKeys, ofValues] = ["dk", "dv"].map((name) => writes.includes(name));
  return shaderOf(`keys ${writes}`, kind, {
    writes,
    main: `
  let p = placeOf(group.z);
  let keyHead = group.y;
  let j0 = group.x * ${TILE}u;
  if (j0 >= p.length) { return; }
  var start = 0u;
  var end = p.queries;
  if (n.causal != 0u) {
    let before = p.length - p.queries;
    if (j0 > before) { start = j0 - before; }
    let beyond = j0 + ${TILE}u + n.window;
    if (n.window > 0u && beyond < before + end) {
      end = select(0u, beyond - before, beyond > before);
    }
  }
  ${sums("key")}
  ${sums("value")}
  let share = n.heads / n.keyHeads;
  for (var head = keyHead * share; head < (keyHead + 1u) * share; head++) {
    for (var i0 = start; i0 < end; i0 += ${TILE}u) {
      ${SHARES}
      ${ofValues ? storeText("shares") + addTurned("value", "dOut", kind) : ""}
      ${
      ofKeys
        ? `${GRADS}
      grads *= slopes;
      ${storeText("grads")}${addTurned("key", "q", kind)}`
        : ""
    }
    }
  }
  if (j0 + row >= p.length) { return; }
  ${
      stretchesText(kind, (c) => {
        const at = `p.start + j0 + row, n.keyHeads, keyHead, ${
          TILE * c
        }u + 4u * (lane % 8u)`;
        return `${ofKeys ? `dkPut(${at}, key${c} * n.scale);` : ""}
  ${ofValues ? `dvPut(${at}, value${c});` : ""}`;
      })
    }`,
  });
}

/** A workgroup has 32 × 32 places of a head's bias, and goes along the texts. */
export function biasShader(kind: HeadKind): Shader {
  return shaderOf("bias", kind, {
    writes: ["dBias"],
    main: `
  let head = group.z;
  let keyHead = head / (n.heads / n.keyHeads);
  let i0 = group.y * ${TILE}u;
  let j0 = group.x * ${TILE}u;
  var sums = vec4f();
  for (var text = 0u; text < n.texts; text++) {
    let p = placeOf(text);
    if (i0 >= p.length || j0 >= p.length) { continue; }
    ${SHARES}
    ${GRADS}
    sums += grads;
  }
  ${
      placesText(({ row, column, q }) =>
        `{
    let i = i0 + ${row};
    let j = j0 + ${column};
    if (i < n.longest && j < n.longest) {
      dBias[(head * n.longest + i) * n.longest + j] = sums[${q}];
    }
  }`
      )
    }`,
  });
}
