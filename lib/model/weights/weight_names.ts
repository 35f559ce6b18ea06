import { shown } from "../../base/shown.ts";

/** What {@linkcode weightNames} looks for. */
export interface WeightNamesOptions {
  /** What the family's names may begin with, e.g. `["bert."]`. */
  prefixes: readonly string[];
  /** A tensor that every model of the family has, without a prefix. */
  anchor: string;
  /** For messages. */
  folder: string;
}

/** As the first BERT files, of TensorFlow's days, call a norm's gain and bias. */
const OLD_NORM = /(LayerNorm)\.(gamma|beta)$/;

/**
 * Our name of each tensor, and its name in the files: without what a larger
 * class, a wrapper (`module.`, `_orig_mod.`, `0.auto_model.`) or the family puts
 * before it, and with `weight` and `bias` where the official BERT files say
 * `gamma` and `beta`.
 *
 * @param stored Names in the files.
 * @param options What to look for.
 * @throws {RangeError} If the files hold several models, or a name twice.
 */
export function weightNames(
  stored: Iterable<string>,
  { prefixes, anchor, folder }: WeightNamesOptions,
): Map<string, string> {
  const all = [...stored];
  const prefix = prefixOf(all, { prefixes, anchor, folder });
  const names = new Map<string, string>();
  for (const name of all) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const ours = own.replace(
      OLD_NORM,
      (_, norm, part) => `${norm}.${part === "gamma" ? "weight" : "bias"}`,
    );
    const other = names.get(ours);
    // What lies outside the model, such as a head, gives way to what is in it.
    if (other !== undefined && !name.startsWith(prefix)) continue;
    if (other?.startsWith(prefix)) {
      throw new RangeError(
        `Cannot load ${folder}: its weights must have each tensor once: got ${
          shown(other)
        } and ${shown(name)}`,
      );
    }
    names.set(ours, name);
  }
  return names;
}

/** What the names of the model's tensors begin with in these files. */
function prefixOf(
  names: readonly string[],
  { prefixes, anchor, folder }: WeightNamesOptions,
): string {
  const known = ["", ...prefixes].find((p) => names.includes(p + anchor));
  if (known !== undefined) return known;
  const found = names.filter((name) => name.endsWith(`.${anchor}`))
    .map((name) => name.slice(0, -anchor.length));
  if (found.length < 2) return found[0] ?? prefixes[0] ?? "";
  throw new RangeError(
    `Cannot load ${folder}: its weights must be of one model: got ${found.length}, whose tensors begin with ${
      found.join(" and ")
    }; save the one that is wanted with transformers' save_pretrained()`,
  );
}
