import { bytesOf, type Handlers, type Workers } from "../../workers/mod.ts";
import type { EncoderShelf } from "../../model/mod.ts";
import { AdamW } from "../adamw.ts";
import { addAll, disposeAll, type Gradients } from "../gradients.ts";
import { fingerprint } from "./fingerprint.ts";
import { Share } from "./share.ts";
import {
  textsFrom,
  type TrainingAbout,
  type UpdateAbout,
} from "./training_messages.ts";

/** A training run on a following worker. */
interface Training {
  optimizer: AdamW;
  share: Share;
  step: number;
  /** Moments that came already. */
  moments: Map<string, Float32Array>;
  gradients?: Gradients | undefined;
}

/** What a following worker does in training. */
export function trainingHandlers(
  workers: Workers,
  shelf: EncoderShelf,
): Handlers {
  let training: Training | undefined;
  const now = () => training!;
  return {
    train({ about }) {
      const { id, names, adamw, step, settings, slots, sum } =
        about as TrainingAbout;
      const encoder = shelf.get(id)!;
      const parameters = new Map(
        names.map((name) => [name, encoder.parameters.get(name)!]),
      );
      training = {
        optimizer: new AdamW(parameters, adamw),
        share: new Share({
          workers,
          settings: { ...settings, encoder, parameters },
          slots,
          precision: sum,
        }),
        step,
        moments: new Map(),
      };
    },
    moment({ about, arrays }) {
      const { name } = about as { name: string };
      now().moments.set(name, arrays[0] as Float32Array);
    },
    async moments() {
      const { optimizer, moments, step } = now();
      await optimizer.restore(
        (name) => Promise.resolve(moments.get(name)!),
        step,
      );
      moments.clear();
    },
    async pass({ arrays }) {
      await now().share.open(textsFrom(arrays));
    },
    drop() {
      now().share.drop();
    },
    async slopes({ arrays }) {
      const [queries, passages] = arrays as Float32Array[];
      const run = now();
      const gradients = await run.share.gradients({
        queries: queries!,
        passages: passages!,
      });
      run.gradients = addAll(run.gradients, gradients);
    },
    async measure({ arrays }) {
      const [queries, passages] = arrays as Float32Array[];
      const { share } = now();
      const own = { queries: queries!, passages: passages! };
      disposeAll(
        await share.sum(await share.gradients(own, { keep: true })),
      );
    },
    async sum() {
      const run = now();
      run.gradients = await run.share.sum(run.gradients ?? {});
    },
    update({ about }) {
      const run = now();
      run.optimizer.apply(run.gradients ?? {}, about as UpdateAbout);
      disposeAll(run.gradients);
      run.gradients = undefined;
    },
    async compare() {
      const own = await fingerprint(now().optimizer.parameters);
      await workers.allGather(bytesOf(own));
    },
    trained() {
      const { optimizer, gradients, share } = now();
      share.drop();
      disposeAll(gradients);
      optimizer.dispose();
      training = undefined;
    },
  };
}
