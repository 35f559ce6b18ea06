/** A program of a GPU: WGSL without what all of them begin with. */
export interface Shader {
  /** Its name; two shaders that differ must have two. */
  name: string;
  /** Buffers that it reads, and what an element of them is. */
  reads: Readonly<Record<string, Element>>;
  /** Buffers that it writes. */
  writes: Readonly<Record<string, Element>>;
  /** Whole numbers that it is told, as `n.NAME`. */
  whole: readonly string[];
  /** Other numbers, likewise. */
  real?: readonly string[];
  /** Functions and workgroup memory. */
  outside?: string;
  /** What each of the {@linkcode THREADS} threads of a workgroup does. */
  main: string;
}

/** What a buffer may hold. */
export type Element = "f32" | "i32" | "vec2f" | "vec4f";

/** Threads of a workgroup: as many as every WebGPU device has. */
export const THREADS = 256;

/**
 * The whole text of a shader. Buffers are bound in the order in which it names
 * them, those that it reads first, then its numbers. `main` sees its workgroup's
 * place (`group`, of `groups`) and its own number within it (`lane`).
 */
export function textOf({ reads, writes, whole, real = [], ...code }: Shader) {
  const buffers = [
    ...Object.entries(reads).map(([name, of]) => [name, of, "read"]),
    ...Object.entries(writes).map(([name, of]) => [name, of, "read_write"]),
  ];
  const lines = buffers.map(([name, of, access], i) =>
    `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${of}>;`
  );
  const fields = [
    ...whole.map((name) => `${name}: u32`),
    ...real.map((name) => `${name}: f32`),
  ];
  return `struct Numbers { ${fields.join(", ")} }
${lines.join("\n")}
@group(0) @binding(${buffers.length}) var<uniform> n: Numbers;
${code.outside ?? ""}
@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
${code.main}
}
`;
}

/** The first lines of a shader with a thread for each of `n.count` elements `i`. */
export const EACH = `
  let i = (group.y * groups.x + group.x) * ${THREADS}u + lane;
  if (i >= n.count) { return; }`;

/** How many workgroups that takes; the last dimension of a grid is 1. */
export function gridOf(count: number): [x: number, y: number] {
  return flat(Math.ceil(count / THREADS));
}

/** A number of workgroups in two dimensions, as one has at most 65,535. */
export function flat(groups: number): [x: number, y: number] {
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows];
}
