import type { Variable } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import { bytesOf, type Handlers, type Workers } from "../../workers/mod.ts";
import { disposeEncoder, type Encoder } from "../encode/encoder.ts";
import { embedUnits } from "./embed_units.ts";
import {
  bareEncoder,
  type EncoderAbout,
  type ParameterAbout,
  putParameter,
} from "./encoder_messages.ts";
import { ownedBy } from "./lead_encoders.ts";

/** The encoders that a following worker has, by their numbers. */
export type EncoderShelf = Map<
  number,
  Encoder & { parameters: Map<string, Variable> }
>;

/** What a following worker does with encoders. */
export function encoderHandlers(
  workers: Workers,
  shelf: EncoderShelf,
): Handlers {
  return {
    encoder({ about }) {
      const told = about as EncoderAbout;
      shelf.set(told.id, bareEncoder(told));
    },
    parameter({ about, arrays }) {
      const told = about as ParameterAbout;
      putParameter(shelf.get(told.id)!, told, arrays[0] as Float32Array);
    },
    forget({ about }) {
      const { id } = about as { id: number };
      disposeEncoder(shelf.get(id)!);
      shelf.delete(id);
    },
    async embed({ about, arrays }) {
      const { id, precision, owners } = about as {
        id: number;
        precision: InferencePrecision;
        owners: number[];
      };
      const units = owners.map((owner, i) => ({
        owner,
        tokens: {
          ids: arrays[2 * i] as Int32Array,
          offsets: arrays[2 * i + 1] as Int32Array,
        },
      }));
      const own = await embedUnits(
        shelf.get(id)!,
        ownedBy(workers.rank, units),
        { precision },
      );
      await workers.allGather(bytesOf(own));
    },
  };
}
