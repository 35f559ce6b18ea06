const RECORDS = "(jsonl(\\.gz)?|parquet)";
const CORPUS = new RegExp(`^corpus([/.-].*)?\\.${RECORDS}$`);
const QUERIES = new RegExp(`^queries([/.-].*)?\\.${RECORDS}$`);
const QRELS =
  /^(qrels|default|data)\/(.*\/)?([a-z]+)([.-][^/]*)?\.(tsv(\.gz)?|txt|jsonl(\.gz)?|parquet)$/;

/** The files of a set in BEIR's form. */
export interface BeirSetFiles {
  /** Those of passages. */
  corpus: string[];
  /** Those of queries. */
  queries: string[];
  /** Split → files of judgments; `dev` is also called `validation`. */
  splits: Map<string, string[]>;
}

/** Finds a set's files by their paths in its folder. */
export function beirSetFiles(files: readonly string[]): BeirSetFiles {
  return {
    corpus: oneForm(files.filter((path) => CORPUS.test(path))),
    queries: oneForm(files.filter((path) => QUERIES.test(path))),
    splits: splitsOf(files),
  };
}

function splitsOf(files: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of files) {
    const name = QRELS.exec(path)?.[3];
    if (name === undefined) continue;
    const split = name === "validation" ? "dev" : name;
    found.set(split, [...found.get(split) ?? [], path]);
  }
  return new Map([...found].map(([split, paths]) => [split, oneForm(paths)]));
}

/**
 * The files of one form: a plain file wins over its gzipped twin, and JSON lines
 * over parquet, lest everything come twice.
 */
function oneForm(files: readonly string[]): string[] {
  const lines = files.filter((path) => !path.endsWith(".parquet"));
  const chosen = lines.length > 0 ? lines : [...files];
  return chosen.filter((path) =>
    !(path.endsWith(".gz") && chosen.includes(path.slice(0, -3)))
  );
}
