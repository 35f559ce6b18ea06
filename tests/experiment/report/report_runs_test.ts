import assert from "node:assert/strict";
import schema from "vega-lite/vega-lite-schema.json" with { type: "json" };
import {
  arenaPlots,
  arenaVerdict,
  explainRun,
  readPlots,
  reportRuns,
  verdict,
} from "../../../lib/experiment/mod.ts";
import { escapeHtml } from "../../../lib/report/escape.ts";
import { checkSchema } from "../../report/_check_schema.ts";
import { HOSTILE } from "../../report/_sample_rows.ts";
import { tdro } from "../../cli/_capture.ts";
import { writeFakeArena, writeFakeRun } from "../_fake_runs.ts";
import { inTempFolder } from "../../_temp_folder.ts";

const STILL = { static: true };

/** Headings, in order. */
function parts(html: string): string[] {
  return [...html.matchAll(/<h2[^>]*>([^<]*)/g)].map(([, title]) => title!);
}

Deno.test("reportRuns() of one run: verdict, intervals, tasks, provenance", () =>
  inTempFolder(async (folder) => {
    const summary = await writeFakeRun(`${folder}/a`);
    const html = await reportRuns([`${folder}/a`], STILL);
    for (const sentence of verdict(summary)) {
      assert.ok(html.includes(escapeHtml(sentence)), sentence);
    }
    assert.deepEqual(parts(html), [
      "nDCG@10 on the test splits, by task",
      "Why the weights rose or fell",
      ...["Course of the weights", "Learned weights"],
      ...["Both variants of the measure", "nDCG@10 by task"],
      "Gain of reweighted sampling by task",
      ...["Quality against data", "Loss while training"],
      "The losses behind the weights",
      ...["The tasks", "Mined hard negatives", "Provenance"],
    ]);
    // Reasons are sentences, not cells; what the outcome rests on is folded.
    for (const { task, why } of await explainRun(`${folder}/a`)) {
      // The made-up summary is of a version that didn't tell chance.
      const told = why.replace(/ \(\w+ what chance alone gives.*?\)/, "");
      assert.ok(html.includes(`<strong>${task}</strong> ${told}.</li>`), task);
    }
    const folds = html.matchAll(/<details class="fold">\n<summary>(.*?)</g);
    assert.equal([...folds].length, 4);
    assert.doesNotMatch(html, /<details[^>]* open/);
    assert.match(html, /hash of fake/);
    // A folder of which only the verdict is left still has a report.
    for (const name of ["eval", "run", "tasks", "negatives"]) {
      await Deno.remove(`${folder}/a/${name}.json`);
    }
    const bare = parts(await reportRuns([`${folder}/a/`], STILL));
    assert.ok(!bare.includes("Gain of reweighted sampling by task"));
    assert.ok(bare.includes("nDCG@10 by task"));
  }));

Deno.test("reports of evaluations while training: courses, peaks, what was kept", () =>
  inTempFolder(async (folder) => {
    const summary = await writeFakeRun(`${folder}/a`, { dev: true });
    const html = await reportRuns([`${folder}/a`], STILL);
    const titles = parts(html);
    for (
      const title of [
        "Dev scores while training",
        "Dev scores by task: uniform",
        "Dev scores by task: reweighted",
        "Dev scores by task: top 70 %",
        "nDCG@10 on dev queries while training: the best of each task, and the end",
      ]
    ) assert.ok(titles.includes(title), title);
    const told = verdict(summary).join("\n");
    assert.match(
      told,
      /^top 70 %: the model of update 2 counts, as .*0\.5000/m,
    );
    assert.match(told, /selection rule \(the best mean dev nDCG@10\)/);
    // c loses most: 0.1 and twice 0.01.
    const { devUniform } = await readPlots(`${folder}/a`);
    const [title] = devUniform!.title.text;
    assert.match(title!, /^c loses 0\.120 after its best at update 2$/);

    const arena = await writeFakeArena(`${folder}/arena`, { dev: true });
    assert.match(
      arenaVerdict(arena).join("\n"),
      /Kept after fewer than 4 updates \(with each seed; 0 is the start\): uniform 2, 2; tdro 2, 2; /,
    );
    // Where nothing was better than the start, that is what is compared.
    const idle = structuredClone(arena);
    for (const arm of idle.arms) arm.kept!.step = 0;
    const nothing = /No training raised the dev score/;
    assert.match(arenaVerdict(idle).join("\n"), nothing);
    assert.doesNotMatch(arenaVerdict(arena).join("\n"), nothing);
    const page = await reportRuns([`${folder}/arena`], STILL);
    assert.ok(parts(page).includes("What tasks lost since their best"));
  }));

Deno.test("reportRuns() of an arena: heatmap, intervals, proxy steps", () =>
  inTempFolder(async (folder) => {
    const result = await writeFakeArena(folder);
    const html = await reportRuns([folder], STILL);
    for (const sentence of arenaVerdict(result)) {
      assert.ok(html.includes(escapeHtml(sentence)), sentence);
    }
    assert.deepEqual(parts(html), [
      "Strategies, best mean nDCG@10 first",
      ...["Gain of each strategy", "Gain by task and strategy"],
      ...["Quality against what choosing took", "The mixtures"],
      "nDCG@10 by task and strategy (means over the seeds)",
      "What the strategies are",
      "Weights that they chose (means over the seeds)",
      "Provenance",
    ]);
    const { gains, cost } = arenaPlots(result);
    assert.equal(gains!.data.values.length, (3 + 1) * 2);
    assert.deepEqual(
      cost.data.values.map((v: { size: number }) => v.size),
      [0, 8, 16],
    );
    // An arena of uniform alone has nothing to compare, and says so.
    await writeFakeArena(folder, { strategies: ["uniform"] });
    const alone = parts(await reportRuns([folder], STILL));
    assert.ok(!alone.includes("Gain of each strategy"));
  }));

Deno.test("reportRuns() of several: what won, what differs, bands over seeds", () =>
  inTempFolder(async (folder) => {
    const runs = [`${folder}/a`, `${folder}/b`];
    await writeFakeRun(runs[0]!, { seed: 1 });
    await writeFakeRun(runs[1]!, { seed: 2 });
    const html = await reportRuns(runs, STILL);
    assert.match(html, /<h1>2 runs side by side: a, b<\/h1>/);
    assert.match(
      html,
      /The largest gain over uniform sampling is that of top in [ab]: \+0\.\d{4}/,
    );
    assert.ok(
      parts(html).includes("Course of the weights over the seeds"),
    );
    const differ = html.split(">Settings that differ</h2>")[1]!
      .split("</table>")[0]!;
    assert.deepEqual(
      [...differ.matchAll(/<th scope="row"[^>]*>([^<]*)/g)].map(([, s]) => s),
      ["out", "seed"],
    );
    // Beside an arena, and a run of another suite.
    const arena = `${folder}/arena`, other = `${folder}/deeper/a`;
    await writeFakeArena(arena);
    await writeFakeRun(other, { tasks: ["z"], suite: "other" });
    const all = await reportRuns([...runs, arena, other], STILL);
    assert.match(all, /of different suites \(fake, other\)/);
    assert.ok(!parts(all).includes("Course of the weights over the seeds"));
    assert.ok(all.includes("arena · doremi"));
    // Two folders named a go by their whole names.
    assert.ok(all.includes(`${folder}/deeper/a · reweighted`));
  }));

Deno.test("reportRuns() escapes whatever names runs and tasks have", () =>
  inTempFolder(async (folder) => {
    const clean = [`${folder}/x`, `${folder}/y`];
    const harsh = [`${folder}/<img src=x onerror=alert(1)>`, `${folder}/'"&`];
    for (const [i, run] of clean.entries()) {
      const tasks = HOSTILE.map((_, k) => `t${k}`);
      await writeFakeRun(run, { tasks, dev: true });
      await writeFakeRun(harsh[i]!, { tasks: HOSTILE, dev: true });
    }
    const kinds = (html: string) =>
      new Set(html.match(/<\/?[a-z][a-z0-9]*/gi)!);
    const wanted = kinds(await reportRuns(clean, STILL));
    const html = await reportRuns(harsh, STILL);
    assert.deepEqual(kinds(html), wanted);
    assert.equal(html.match(/<script>/g)!.length, 1);
  }));

Deno.test("readPlots() gives specifications that hold to the schema", () =>
  inTempFolder(async (folder) => {
    await writeFakeRun(`${folder}/run`, { dev: true });
    await writeFakeArena(`${folder}/arena`, { dev: true });
    for (const name of ["run", "arena"]) {
      for (
        const [plot, spec] of Object.entries(
          await readPlots(`${folder}/${name}`),
        )
      ) assert.equal(checkSchema(spec, schema), undefined, plot);
    }
  }));

/** What a distillation leaves, as far as a page shows it. */
async function writeFakeTowers(folder: string, kept?: number): Promise<void> {
  const tower = (name: string, share: number | undefined, p50: number) => ({
    tower: name,
    layers: 3,
    parameters: 1000,
    computed: 400,
    ...share !== undefined && {
      ndcg: share / 2,
      interval: [share / 3, share / 1.5],
      kept: share,
      keptInterval: [share - 0.02, share + 0.01],
    },
    speed: [{ backend: "wasm on cpu", queriesPerSecond: 90, p50, p95: 9 }],
  });
  const towers = [
    tower("teacher", kept && 1, 8),
    tower("<b>fast</b>", kept, 2.5),
  ];
  await Deno.mkdir(folder);
  await Deno.writeTextFile(
    `${folder}/towers.json`,
    JSON.stringify({ format: "tdro-towers/1", towers }),
  );
}

Deno.test("reportRuns() of distillations: what is kept, and how fast it is", () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => `${folder}/${name}`;
    await writeFakeTowers(at("a"), 0.95);
    await writeFakeTowers(at("b"), 0.9);
    await writeFakeTowers(at("blind"));
    const one = await reportRuns([at("a")], { static: true });
    assert.match(
      one,
      /95\.0 % of the teacher.* mean nDCG@10 are kept .*93\.0 to 96\.0 %.*2\.5 ms in place of 8\.0 ms/,
    );
    assert.match(one, /What is kept, and how long a query takes/);
    assert.ok(!one.includes("<b>fast"));
    const two = await reportRuns([at("a"), at("b")], { static: true });
    assert.match(two, /2 distillations side by side: a, b/);
    assert.match(two, /b: 90\.0 %/);
    assert.deepEqual(Object.keys(await readPlots(at("a"))), ["kept"]);
    // Not evaluated: the speed alone.
    assert.match(await reportRuns([at("blind")]), /Not evaluated; one query/);
    assert.deepEqual(await readPlots(at("blind")), {});
    await writeFakeRun(at("run"));
    await assert.rejects(reportRuns([at("run"), at("a")]), {
      name: "RangeError",
      message:
        "Cannot report on runs: distillations and others must have a page each: got a among 2; leave one kind out",
    });
  }));

Deno.test("reportRuns() names what it can't read", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(reportRuns([]), /must hold at least one: got none/);
    await assert.rejects(reportRuns([folder]), {
      name: "NotFound",
      message:
        /it has no summary\.json, arena\.json or towers\.json; name folders/,
    });
    await assert.rejects(reportRuns(["a", "a"]), /the folder a appears twice/);
    await Deno.writeTextFile(`${folder}/summary.json`, "{");
    await assert.rejects(reportRuns([folder]), {
      name: "SyntaxError",
      message: /summary\.json:1: .*is not JSON/,
    });
    await Deno.writeTextFile(`${folder}/summary.json`, '"text"');
    await assert.rejects(
      reportRuns([folder]),
      /Cannot read the run: it must be an object: got "text"/,
    );
    await Deno.writeTextFile(`${folder}/arena.json`, '{"format":"x"}');
    await assert.rejects(
      reportRuns([folder]),
      /Cannot read the arena: format must be "tdro-arena\/1": got "x"/,
    );
  }));

Deno.test("tdro report and tdro plots write what they say", () =>
  inTempFolder(async (folder) => {
    await writeFakeRun(`${folder}/a`);
    await writeFakeArena(`${folder}/b`);
    const one = await tdro("report", `${folder}/a`, "--static");
    assert.equal(one.code, 0);
    assert.match(one.out, /a\/report\.html \(0\.\d\d MB\)\n$/);
    const out = `${folder}/both.html`;
    const both = await tdro(
      ...["report", `${folder}/a`, `${folder}/b`, "--out", out, "--json"],
    );
    const { file, bytes } = JSON.parse(both.out);
    assert.equal(file, out);
    assert.equal((await Deno.stat(out)).size, bytes);
    // Interactive: the libraries lie in it, pressed.
    assert.match(await Deno.readTextFile(out), /id="plot-libraries"/);
    assert.ok(bytes < 1.5e6, `${bytes} bytes`);
    const plots = await tdro(
      ...["plots", `${folder}/b`, "--out", `${folder}/figures`],
    );
    assert.match(plots.out, /gains\.svg[^]*cost\.vl\.json/);
    const none = await tdro("report", `${folder}/none`);
    assert.equal(none.code, 2);
    assert.match(none.err, /^[^\n]*Cannot report on [^\n]*\n$/);
  }));
