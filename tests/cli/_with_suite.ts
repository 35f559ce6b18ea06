import { writeSuite } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

/** Gives a folder that holds the toy suite as `suite`, and removes it after. */
export async function withSuite(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await tempFolder();
  try {
    await writeSuite(toySuite(), `${folder}/suite`);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
