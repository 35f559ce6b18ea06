import { hashFile } from "../../base/files/hash_file.ts";
import { join } from "node:path";
import { isFile } from "../../base/files/exists.ts";
import { modelParts } from "../../model/mod.ts";
import { weightWarnings } from "../../dro/mod.ts";
import type { BaseModel } from "./base_model.ts";
import type { HandOffSource } from "./source.ts";

/**
 * Where weights may not serve the training that they are handed to: they were
 * learned with another tokenizer, for another budget or with another batch; or they
 * repeat a task too often in it.
 *
 * @param source The run.
 * @param model What the project trains.
 * @returns A sentence each.
 */
export async function weightsFitWarnings(
  source: HandOffSource,
  model: BaseModel,
): Promise<string[]> {
  const { record, options, weights, suite, rows, learnedBy } = source;
  const warnings: string[] = [];
  if (learnedBy === "another") {
    warnings.push(
      `With which tokenizer, budget and batch the weights were learned isn't recorded. ${source.weightsAbout} See that they suit this training.`,
    );
  }
  if (learnedBy === "run" && !model.isCopied) {
    const same = await sameTokenizer(options.model, model.name);
    if (same !== true) {
      warnings.push(
        same === undefined
          ? `The weights were learned with the tokenizer of ${
            baseOf(source)
          }; see that ${model.name} has the same one: losses, and with them weights, follow how texts are cut into tokens.`
          : `The weights were learned with the tokenizer of ${
            baseOf(source)
          }, and ${model.name} has another one: losses, and with them weights, follow how texts are cut into tokens. Learn them again with this model.`,
      );
    }
  }
  if (learnedBy === "run" && budget(options) !== budget(record.options)) {
    warnings.push(
      `The weights were learned for ${
        budget(record.options)
      }; this project trains for ${
        budget(options)
      }. A mixture that is best for a short training needn't be for a long one: small tasks are repeated more often.`,
    );
  }
  const repeated = weightWarnings({
    weights,
    names: suite.tasks.map(({ name }) => name),
    sizes: rows.map(({ length }) => length),
    examples: options.steps * options.batchSize,
  }).filter(({ kind }) => kind === "many-passes");
  return [...warnings, ...repeated.map(({ message }) => `${message}.`)];
}

function baseOf({ options }: HandOffSource): string {
  return options.model ?? "the run's encoder from scratch";
}

function budget(
  { steps, batchSize }: { steps: number; batchSize: number },
): string {
  const updates = steps === 1
    ? "1 update"
    : `${steps.toLocaleString("en-US")} updates`;
  return `${updates} of ${batchSize} queries`;
}

/** Whether two models share their `tokenizer.json`; undefined if nobody can tell. */
async function sameTokenizer(
  a: string | undefined,
  b: string,
): Promise<boolean | undefined> {
  if (a === undefined) return false;
  const [first, second] = [await tokenizerHash(a), await tokenizerHash(b)];
  return first && second ? first === second : undefined;
}

async function tokenizerHash(model: string): Promise<string | undefined> {
  const parts = await modelParts(model).catch(() => undefined);
  const path = parts && join(parts.tokenizer, "tokenizer.json");
  return path && await isFile(path) ? (await hashFile(path)).sha256 : undefined;
}
