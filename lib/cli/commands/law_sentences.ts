import { mean } from "../../base/mean.ts";
import type {
  ForetoldTraining,
  GridSteps,
  ScaleResult,
  WithInterval,
} from "../../experiment/mod.ts";

/**
 * What a grid and its law say, in sentences.
 *
 * @param result The grid.
 * @param budget What is to be divided between size and data, if anything.
 */
export async function lawSentences(
  { cells, fit, foretold = [], steps }: ScaleResult,
  budget: { flops: number; served: number } | undefined,
): Promise<string[]> {
  if (!fit) {
    return [
      "No law: it takes at least 4 sizes, on one amount of data or at least 3.",
    ];
  }
  const { bestSplit, foretell } = await import("../../experiment/mod.ts");
  const { law, intervals, error, open } = fit;
  const exponent = (name: "alpha" | "beta", factor: number) =>
    factor === 0
      ? "none"
      : `${law[name].toFixed(2)} (${range(intervals[name], 2)})${
        open.includes(name)
          ? ", an end of the range: the trainings leave it open"
          : ""
      }`;
  const [, parameters] = fit.measured.parameters;
  const [, data] = fit.measured.data;
  const now = foretell(fit, { parameters, data });
  const bring = (what: string, point: { parameters: number; data: number }) => {
    const then = foretell(fit, point);
    return `${what} would bring the entropy from ${now.value.toFixed(3)} to ${
      nats(then)
    }${then.extrapolated ? ", beyond what was measured" : ""}.`;
  };
  const sentences = [
    `L = E + A / N^alpha + B / D^beta: E ${
      nats({
        value: law.e,
        interval: intervals.e,
      })
    }, alpha ${exponent("alpha", law.a)}, beta ${
      exponent("beta", law.b)
    }; off by ${
      error.toFixed(3)
    } nats (root mean square). Intervals: 95 %, by a bootstrap over the trainings.`,
    ...foretold.length > 0 ? [testSentence(foretold)] : [],
    ...steps.rising.length > 0 ? [risingSentence(steps)] : [],
    bring("Twice the model", { parameters: 2 * parameters, data }),
    ...law.b === 0
      ? []
      : [bring("Ten times the data", { parameters, data: 10 * data })],
  ];
  if (!budget) return sentences;
  if (law.b === 0) {
    return [
      ...sentences,
      "The budget isn't divided: by this law more data bring nothing; train on more shares, or further apart.",
    ];
  }
  const whole = cells.filter((cell) => cell.data === data);
  const tokensPerDatum = mean(whole.map(({ tokens }) => tokens)) / data;
  const split = bestSplit(fit, {
    flops: budget.flops,
    tokensPerDatum,
    queries: budget.served,
  });
  return [
    ...sentences,
    `${budget.flops.toPrecision(3)} operations, ${
      budget.served.toLocaleString("en")
    } queries served among them, are best spent on ${
      count(split.parameters)
    } parameters and ${count(split.data)} training queries: entropy ${
      nats(split.loss)
    }${split.extrapolated ? ", beyond what was measured" : ""}.`,
  ];
}

/** How well the law foretells the largest size. */
function testSentence(foretold: readonly ForetoldTraining[]): string {
  const off = (guess: (training: ForetoldTraining) => number | undefined) => {
    const squares = foretold.flatMap((training) => {
      const value = guess(training);
      return value === undefined ? [] : [(value - training.loss) ** 2];
    });
    return squares.length > 0 ? Math.sqrt(mean(squares)) : undefined;
  };
  const smaller = off(({ smaller }) => smaller);
  return `Fitted without the largest size, the law is off by ${
    off(({ value }) => value)!.toFixed(3)
  } nats on its ${foretold.length} trainings${
    smaller === undefined
      ? ""
      : `; the next smaller size is off by ${smaller.toFixed(3)}`
  }.`;
}

/** Where the grid isn't as any law has it. */
function risingSentence({ count, rising }: GridSteps): string {
  const most = rising.reduce((one, two) =>
    two.loss - two.before > one.loss - one.before ? two : one
  );
  const whole = (n: number) => n.toLocaleString("en");
  const queries = (n: number) => `${whole(n)} training queries`;
  const where = most.by === "parameters"
    ? `${whole(most.from)} to ${whole(most.to)} parameters on ${
      queries(most.at)
    }`
    : `${whole(most.from)} to ${queries(most.to)} at ${
      whole(most.at)
    } parameters`;
  return `In ${rising.length} of ${count} steps to a larger encoder or more data the entropy rose, most from ${where}: ${
    most.before.toFixed(3)
  } to ${
    most.loss.toFixed(3)
  }. The law has no term for that: a larger encoder learns little data by heart, and takes more updates; change the number of updates or the shares, or add seeds.`;
}

function nats({ value, interval }: WithInterval): string {
  return `${value.toFixed(3)} (${range(interval, 3)})`;
}

function count({ value, interval }: WithInterval): string {
  const short = (x: number) =>
    new Intl.NumberFormat("en-US", {
      notation: "compact",
      maximumSignificantDigits: 3,
    }).format(x);
  return `${short(value)} (${interval.map(short).join(" to ")})`;
}

function range(ends: readonly number[], digits: number): string {
  return ends.map((end) => end.toFixed(digits)).join(" to ");
}
