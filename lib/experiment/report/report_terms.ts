import type { ReportTerm } from "../../report/page/terms.ts";

/** What the terms of a run's and an arena's page mean; docs/glossary.md has more. */
export const REPORT_TERMS: readonly ReportTerm[] = [
  {
    term: "nDCG@10",
    meaning:
      "How well the first ten results are ranked, from 0 (nothing relevant among them) to 1 (as well as can be). Relevant passages count more the higher they stand.",
  },
  {
    term: "interval",
    forms: ["intervals", "95 % from", "low", "high"],
    meaning:
      "A 95 % interval over test queries (in an arena of several seeds: over seeds, too): with others of the same kind the number would fall into it in about 95 of 100 cases. A difference whose interval holds 0 may be chance.",
  },
  {
    term: "p",
    forms: ["p (Holm)", "p-values"],
    meaning:
      "The chance that a difference at least as large turns up where there is none, over seeds and test queries. After Holm: adjusted for the number of strategies. Up to 0.05 counts as beyond chance.",
  },
  {
    term: "uniform",
    forms: ["uniform sampling"],
    meaning:
      "The retriever that was trained with the same weight for every task. " +
      "The others are compared with it.",
  },
  {
    term: "reweighted",
    forms: ["reweighted sampling"],
    meaning:
      "The retriever that was trained with the domain weights that tDRO learned.",
  },
  {
    term: "top",
    meaning:
      "The retriever that was trained on the tasks with the highest weights alone, each with the same weight.",
  },
  {
    term: "dev queries",
    forms: ["dev scores", "Dev scores", "dev nDCG@10", "dev"],
    meaning:
      "Queries that are neither trained on nor tested on. While a retriever trains it is measured on a sample of them, and of the passages.",
  },
  {
    term: "difference",
    forms: ["Δ", "Δ reweighted", "Δ top", "differences", "gain"],
    meaning:
      "nDCG@10 minus that of uniform, task by task or of the means. Above 0 is better.",
  },
  {
    term: "domain weight",
    forms: ["weight", "weights", "domain weights", "1/K"],
    meaning:
      "How much of the mixture a task is. The weights of all K tasks sum to 1, so under uniform weights each has 1/K.",
  },
  {
    term: "mixture",
    forms: ["mixtures"],
    meaning: "The weights that tasks are drawn by in training.",
  },
  {
    term: "strategy",
    forms: ["strategies"],
    meaning:
      "A way to choose the mixture: a rule, such as uniform, or a method that learns it, such as tDRO.",
  },
  {
    term: "proxy step",
    forms: ["proxy steps"],
    meaning:
      "One update of a proxy. It's the unit in which the cost of choosing a mixture is counted.",
  },
  {
    term: "proxy",
    forms: ["proxy model", "proxy loss"],
    meaning:
      "The model that trains while the weights are learned. It's thrown away afterwards.",
  },
  {
    term: "reference",
    forms: ["reference model", "reference loss", "reference steps"],
    meaning:
      "A model that was trained on all tasks alike and then frozen. Where the proxy's loss is above its loss, there is something left to learn.",
  },
  {
    term: "excess loss",
    meaning: "Proxy loss minus reference loss.",
  },
  {
    term: "measure",
    forms: ["measures", "released", "ratio of means"],
    meaning:
      "One number a task that says how far the proxy is behind the reference there; the weight rises with it. The paper's formula divides mean losses (ratio of means, 1 is level); the released code divides example by example.",
  },
  {
    term: "pull",
    forms: ["pulled"],
    meaning:
      "How hard a task's losses pushed its weight up, over the mean task's (1).",
  },
  {
    term: "hard share",
    meaning:
      "Share of the task's examples whose reference loss is above the mean of their batch.",
  },
  {
    term: "top share",
    meaning:
      "Part of the task's pull that the strongest tenth of its examples made.",
  },
  {
    term: "passes",
    meaning: "How often each row of the task was drawn on average.",
  },
  {
    term: "loss",
    forms: ["losses"],
    meaning:
      "How far the model is from ranking the right passage first; lower is better.",
  },
  {
    term: "stage 1",
    forms: ["stage 2"],
    meaning:
      "Stage 1 of a run learns the weights; stage 2 trains retrievers with them.",
  },
  { term: "start", meaning: "The model before any training." },
  {
    term: "BM25",
    meaning: "Ranking by the words that query and passage share, no model.",
  },
  {
    term: "seed",
    forms: ["seeds", "spread of seeds", "seed min", "seed max"],
    meaning:
      "Number that decides everything random: initial weights, order and " +
      "draws. The spread over seeds shows how much luck there is in " +
      "training.",
  },
  {
    term: "data used",
    meaning: "Share of the training rows that lie in tasks with a weight.",
  },
  {
    term: "hard negatives",
    forms: ["hard negative"],
    meaning: "Passages that look like an answer to a query but aren't.",
  },
];
