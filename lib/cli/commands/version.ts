import { z } from "zod";
import { VERSION } from "./versions.ts";
import type { Command } from "../command.ts";

/** `tdro version`. */
export const command: Command<Record<string, never>> = {
  name: "version",
  summary: "Show the version",
  examples: [
    { about: "The version alone", line: "tdro version" },
    { about: "With what it runs on, as JSON", line: "tdro version --json" },
  ],
  options: z.strictObject({}),
  run(_options, io) {
    const { deno, v8, typescript } = Deno.version;
    const { os, arch } = Deno.build;
    io.result(
      { tdro: VERSION, deno, v8, typescript, platform: `${os}-${arch}` },
      () => `tdro ${VERSION} (deno ${deno}, ${os}-${arch})`,
    );
    return Promise.resolve();
  },
};
