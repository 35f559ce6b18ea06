import assert from "node:assert/strict";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { ROOT } from "../_paths.ts";
import { inTempFolder } from "../_temp_folder.ts";

/** A program of its own, since the kernels keep the threads that they began with. */
const PROGRAM = `
import { useBackend } from "@tdro/tdro/backend";
import { matMul } from "@tdro/tdro/kernels";
import * as tf from "@tensorflow/tfjs-core";
const { reason } = await useBackend("tensorflow");
const x = tf.range(0, 200 * 200).reshape([200, 200]).div(200 * 200);
const drift = matMul(x, x).sub(tf.matMul(x, x)).abs().max().dataSync()[0];
console.log(JSON.stringify({ reason, drift }));
`;

/** A processor that this process may use, where there is `taskset` to say so. */
async function oneProcessor(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("taskset", {
      args: ["-cp", `${Deno.pid}`],
    }).output();
    // "pid 7's current affinity list: 0,1"
    return /: (\d+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch {
    return undefined;
  }
}

const processor = await oneProcessor();
const required = Deno.env.get("TDRO_REQUIRE_TENSORFLOW") === "1";

Deno.test({
  name: "kernels take the processors that a process may use, not the machine's",
  ignore: processor === undefined || (!required && !findInstallation()),
  fn: () =>
    inTempFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
      const { TDRO_THREADS: _, ...env } = Deno.env.toObject();
      const run = async (given: Record<string, string>) => {
        const { success, stdout, stderr } = await new Deno.Command("taskset", {
          args: ["-c", processor!, Deno.execPath(), "run", "-A", "--no-check"]
            .concat("--config", `${ROOT}/deno.json`, `${folder}/program.ts`),
          env: { ...env, NO_COLOR: "1", ...given },
          clearEnv: true,
        }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const { reason, drift } = JSON.parse(
          new TextDecoder().decode(stdout).trim().split("\n").at(-1)!,
        );
        assert.ok(drift < 1e-3, `${drift}`);
        return reason;
      };
      assert.match(await run({}), / on 1 thread$/);
      // More than there are processors, if somebody says so.
      assert.match(await run({ TDRO_THREADS: "3" }), / on 3 threads$/);
    }),
});
