import { z } from "zod";
import type { CatalogueRow } from "../../../data/mod.ts";
import type { Command } from "../../command.ts";
import { glossary } from "../../help/style.ts";

/** Options of `tdro data list`. */
export interface DataListOptions {
  /** A set, or a family of them. */
  name?: string;
  /** What the sets are for. */
  kind?: "training" | "benchmark";
  /** BCP 47 tag of a language that the sets must have. */
  language?: string;
}

/** `tdro data list`. */
export const command: Command<DataListOptions> = {
  name: "data list",
  summary: "List public training sets and benchmarks that can be pulled",
  details:
    "Shows the catalogue: the paper's 25 training sets (tdro/…), BEIR, MIRACL, MKQA, NanoBEIR, and small sets of one domain. Given a name, all that is known of that set: sources, licence, prompts. Licences are what the sources state; read them before use.",
  examples: [
    { about: "Everything", line: "tdro data list" },
    {
      about: "Benchmarks with Finnish",
      line: "tdro data list --kind benchmark --language fi",
    },
    { about: "All about one set", line: "tdro data list beir/scifact" },
  ],
  operands: ["name"],
  options: z.strictObject({
    name: z.string().optional().meta({ placeholder: "NAME" }).describe(
      "A set, e.g. beir/scifact, or a family, e.g. beir; all if left out",
    ),
    kind: z.enum(["training", "benchmark"]).optional().describe(
      "Only sets for training, or only those for evaluation",
    ),
    language: z.string().optional().meta({ placeholder: "TAG" }).describe(
      "Only sets that have this language, e.g. fi or zh-CN",
    ),
  }),
  async run({ name, kind, language }, io) {
    const { catalogue, catalogueRows } = await import("../../../data/mod.ts");
    const all = name === undefined ? catalogue() : catalogueRows(name);
    const rows = all.filter((row) =>
      (kind === undefined || row.kind === kind) &&
      (language === undefined ||
        row.languages.some((tag) =>
          tag.toLowerCase() === language.toLowerCase()
        ))
    );
    if (rows.length === 0) {
      const tags = new Set(all.flatMap(({ languages }) => languages));
      throw new RangeError(
        `Cannot list data sets: none ${name ? `of ${name} ` : ""}is ${
          kind ? `for ${kind} ` : ""
        }${language ? `in ${language}` : ""}; languages are ${
          [...tags].sort().join(", ")
        }`,
      );
    }
    io.result(rows, () => {
      if (rows.length === 1 && rows[0]!.name === name) {
        return describe(rows[0]!);
      }
      const list = glossary(rows.map(listRow), io.columns);
      return `${list}\n\n${rows.length} data set${
        rows.length === 1 ? "" : "s"
      }; tdro data list NAME tells more, tdro data pull NAME fetches one`;
    });
  },
};

/** A set's name, to be copied whole, and what it is in a line or two. */
function listRow(
  { name, kind, languages, license, about, sizes = {} }: CatalogueRow,
): [string, string] {
  const count = (n: number | undefined, what: string) =>
    n === undefined ? [] : [`${n.toLocaleString("en")} ${what}`];
  const facts = [
    kind,
    languages.length > 3
      ? `${languages.length} languages`
      : languages.join(" "),
    ...count(sizes.queries ?? sizes.lines, "queries"),
    ...count(sizes.passages, "passages"),
    `licence: ${license}`,
  ];
  return [name, `${about}; ${facts.join(", ")}`];
}

function describe(row: CatalogueRow): string {
  const { prompt, sizes = {}, sources } = row;
  const lines: [string, string | undefined][] = [
    ["what", row.about],
    ["kind", row.benchmark ? `${row.kind} (${row.benchmark})` : row.kind],
    ["languages", row.languages.join(" ")],
    ["licence", row.license],
    ["home page", row.homepage],
    ...sources.map(({ dataset, files }): [string, string] => [
      "source",
      `${dataset}: ${files.join(", ")}`,
    ]),
    ["form", `${row.format}${row.checked ? "" : ", file names from memory"}`],
    [
      "sizes",
      Object.entries(sizes).map(([what, count]) => `${count} ${what}`)
        .join(", ") || undefined,
    ],
    ["split", row.split],
    ...prompt.query.map((text): [string, string] => ["prompt", text]),
    [
      "prompt is",
      prompt.wording === "reference" ? "the reference's" : "our wording",
    ],
    ["note", row.note],
  ];
  return [
    row.name,
    ...lines.filter(([, text]) => text !== undefined)
      .map(([label, text]) => `  ${label.padEnd(10)} ${text}`),
  ].join("\n");
}
