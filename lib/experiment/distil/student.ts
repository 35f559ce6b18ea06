import {
  addDense,
  chooseLayers,
  disposeEncoder,
  embeddingSize,
  type Encoder,
  loadEncoder,
} from "../../model/mod.ts";
import type { Suite } from "../../data/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { baseEncoder } from "../stages/base_encoder.ts";

/** What {@linkcode makeStudent} needs beside the student's name. */
export interface MakeStudentOptions {
  /** The teacher's encoder of queries. */
  teacher: Encoder;
  /** Settings of the run. */
  options: SettledOptions;
  /** The tasks; from scratch a tokenizer is trained on them. */
  suite: Suite;
  /** Whether that tokenizer is kept in the run's folder. */
  keep: boolean;
}

/**
 * Makes the query tower that training starts from: its vectors have the length of the
 * teacher's, by a linear map if need be, and are normalised if the teacher's are.
 *
 * @param student `layers:N`, `layers:0,3,5`, `scratch`, or a model folder.
 * @param options The teacher, and settings.
 */
export async function makeStudent(
  student: string,
  { teacher, options, suite, keep }: MakeStudentOptions,
): Promise<Encoder> {
  const layers = layersOf(student, teacher.config.layers);
  if (layers) return chooseLayers(teacher, layers);
  const start = student === SCRATCH
    ? await baseEncoder({ ...options, model: undefined }, suite, { keep })
    : await loadEncoder(student);
  try {
    const size = embeddingSize(teacher);
    const { similarity: _, ...modules } = start.modules;
    const { normalize, similarity } = teacher.modules;
    const like = {
      ...start,
      modules: { ...modules, normalize, ...similarity && { similarity } },
    };
    if (embeddingSize(start) === size) return like;
    const rng = createRng(options.seed, "distil/dense");
    return addDense(like, { size, rng });
  } catch (error) {
    disposeEncoder(start);
    throw error;
  }
}

/** A student without a teacher's parameters. */
export const SCRATCH = "scratch";

/**
 * The layers that a student's name means.
 *
 * @param student The name.
 * @param count How many the teacher has.
 * @returns Their numbers; none if it isn't made of layers.
 * @throws {RangeError} If the teacher has no such layers.
 */
export function layersOf(
  student: string,
  count: number,
): number[] | undefined {
  const list = /^layers:(.*)$/.exec(student)?.[1];
  if (list === undefined) return;
  const numbers = list.split(",").map((each) =>
    /^\d+$/.test(each) ? Number(each) : NaN
  );
  const [only, ...more] = numbers;
  const layers = more.length > 0 ? numbers : bottomAndTop(only!, count);
  const rising = layers.every((layer, i) =>
    layer >= 0 && layer < count && (i === 0 || layer > layers[i - 1]!)
  );
  if (rising && layers.length > 0) return layers;
  throw new RangeError(
    `Cannot distil: student must be layers:N with N from 1 to ${count}, or rising numbers of layers from 0 to ${
      count - 1
    }: got ${student}`,
  );
}

/** N layers: of the bottom ones half, rounded up, and the others from the top. */
function bottomAndTop(wanted: number, count: number): number[] {
  if (!(wanted >= 1 && wanted <= count)) return [];
  const bottom = Math.ceil(wanted / 2);
  return Array.from(
    { length: wanted },
    (_, i) => i < bottom ? i : count - wanted + i,
  );
}
