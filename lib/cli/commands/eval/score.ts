import { z } from "zod";
import type { Command } from "../../command.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro score`. */
export interface ScoreOptions {
  /** File of relevance judgments. */
  qrels: string;
  /** File of results. */
  run: string;
  /** Metrics. */
  metrics: string[];
  /** A row a query too. */
  perQuery: boolean;
  /** Lowest grade that counts as relevant. */
  relevanceLevel: number;
  /** What the mean is taken over. */
  over: "scored" | "judged";
  /** Whether to leave out passages whose id is the query's. */
  ignoreIdenticalIds: boolean;
  /** Format of the judgments. */
  qrelsFormat: "auto" | "beir" | "trec";
}

/** `tdro score`. */
export const command: Command<ScoreOptions> = {
  name: "score",
  summary: "Compute metrics of a run from its relevance judgments",
  details:
    "The run is a TREC run file: query, Q0, passage, rank, score, tag. Numbers are those of trec_eval: ranks come from the scores alone, ties are broken by passage id.",
  examples: [
    {
      about: "The usual metrics",
      line:
        "tdro score --qrels suites/docs/es-lib/qrels/test.tsv --run es-lib.run",
    },
    {
      about: "Two metrics, query by query",
      line:
        "tdro score --qrels qrels.txt --run bm25.run --metrics nDCG@10,MRR@10 --per-query",
    },
  ],
  options: z.strictObject({
    qrels: z.string().meta({ placeholder: "FILE" }).describe(
      "Relevance judgments, in BEIR's or TREC's format",
    ),
    run: z.string().meta({ placeholder: "FILE" }).describe("TREC run"),
    metrics: z.array(z.string()).min(1)
      .default(["nDCG@10", "Recall@100", "MRR@10"])
      .meta({ placeholder: "METRIC" }).describe(
        "Metrics to compute: nDCG@k, MAP@k, MRR@k, Recall@k, P@k, Success@k, Hole@k, RPrec, Bpref",
      ),
    perQuery: z.boolean().default(false).describe(
      "Show every query, not only the mean",
    ),
    relevanceLevel: z.int().default(1).describe(
      "Lowest grade that counts as relevant (not for nDCG, which uses the grades)",
    ),
    over: z.enum(["scored", "judged"]).default("scored")
      .meta({ placeholder: "QUERIES" }).describe(
        "Mean over the judged queries in the run, or over all judged ones, where a missing query counts 0",
      ),
    ignoreIdenticalIds: z.boolean().default(false).describe(
      "Leave out passages whose id is the query's, as BEIR does for Quora and ArguAna",
    ),
    qrelsFormat: z.enum(["auto", "beir", "trec"]).default("auto")
      .meta({ placeholder: "FORMAT" }).describe(
        "Format of the judgments; auto: what the first line has: BEIR's header, or TREC's four columns",
      ),
  }),
  async run({ qrels, run, metrics, perQuery, qrelsFormat, ...options }, io) {
    const { readBeirQrels, readJudgments, readTrecQrels, readTrecRun } =
      await import("../../../data/mod.ts");
    const { evaluateRun } = await import("../../../eval/mod.ts");
    const textTable = await tablesFor(io);
    const readers = {
      auto: readJudgments,
      beir: readBeirQrels,
      trec: readTrecQrels,
    };
    const judgments = await readers[qrelsFormat](qrels);
    const { mean, scored, judged, ...values } = evaluateRun(
      judgments,
      await readTrecRun(run),
      metrics,
      options,
    );
    if (scored < judged) {
      io.note(
        options.over === "judged"
          ? `${judged - scored} judged queries are not in the run and count 0`
          : `${
            judged - scored
          } judged queries are not in the run and left out; --over judged counts them as 0`,
      );
    }
    // Rows, not an object by id: its keys would be reordered if they were numbers.
    const rows = [...values.perQuery].map(([query, value]) => ({
      query,
      ...value,
    }));
    const result = { mean, scored, judged };
    io.result(perQuery ? { ...result, perQuery: rows } : result, () => {
      const means = textTable(
        Object.entries(mean).map(([metric, value]) => ({
          metric,
          mean: value,
        })),
        { columnDigits: { mean: 4 } },
      );
      if (!perQuery) return means;
      const queries = textTable(rows, {
        columnDigits: Object.fromEntries(
          Object.keys(mean).map((metric) => [metric, 4]),
        ),
        footRows: 0,
      });
      return `${queries}\n\n${means}`;
    });
  },
};
