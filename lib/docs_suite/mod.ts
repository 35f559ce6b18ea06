/**
 * The docs suite: retrieval tasks in ten languages made from documentation that
 * comes with Deno and the pinned packages. The demo and the notebooks use it.
 *
 * @example Two tasks of it
 * ```ts
 * import { buildDocsSuite } from "@tdro/tdro/docs-suite";
 * import assert from "node:assert/strict";
 *
 * const suite = await buildDocsSuite({ tasks: ["messages-ja-en", "tfjs-ops"] });
 * assert.deepEqual(suite.tasks.map(({ name }) => name), [
 *   "messages-ja-en",
 *   "tfjs-ops",
 * ]);
 * ```
 *
 * @module
 */
export {
  buildDocsSuite,
  type DocsSuiteOptions,
  docsTaskNames,
} from "./build_docs_suite.ts";
export { docsSuite } from "./docs_suite.ts";
