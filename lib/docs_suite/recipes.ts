import { compareCodePoints } from "../base/compare_code_points.ts";
import { paragraphs } from "./declarations.ts";
import { messageRecipe } from "./message_recipe.ts";
import type { SourceVersions } from "./package_folders.ts";
import {
  declarationPairs,
  describedOnce,
  description,
  keyed,
  passage,
} from "./pairs.ts";
import {
  countWords,
  cutText,
  identifierWords,
  plainText,
  sharedWords,
  splitSentence,
} from "./prose.ts";
import { PASSAGE_LIMIT, QUERY_LIMIT, type Recipe } from "./recipe.ts";

const MASKED =
  "the declared name is taken out of the query, so that it can't be matched by the name alone";

const code = (versions: SourceVersions) =>
  `npm:typescript@${versions.typescript} lib/lib.dom.d.ts`;
const node = (versions: SourceVersions) =>
  `npm:@types/node@${versions.typesNode}`;
const deno = (versions: SourceVersions) =>
  `deno ${versions.deno}, "deno types"`;
const tfjs = (versions: SourceVersions) =>
  `npm:@tensorflow/tfjs-core@${versions.tfjsCore} dist`;
const es = (versions: SourceVersions) =>
  `npm:typescript@${versions.typescript} lib/lib.es*.d.ts`;
const vega = () => "npm:vega-lite vega-lite-schema.json";
const all =
  (...parts: ((versions: SourceVersions) => string)[]) =>
  (versions: SourceVersions) => parts.map((part) => part(versions)).join("; ");

const MDN_LICENSE = "Apache-2.0; prose from MDN, CC-BY-SA-2.5";

/** Messages of the interface in two languages, sorted among themselves. */
const MESSAGES = [
  messageRecipe("en", "de", 800),
  messageRecipe("en", "fr", 500),
  messageRecipe("es", "pt-br", 350),
  messageRecipe("ja", "en", 700),
  messageRecipe("ko", "en", 300),
  messageRecipe("ru", "en", 400),
  messageRecipe("tr", "it", 300),
  messageRecipe("zh-cn", "en", 500),
].sort((a, b) => compareCodePoints(a.name, b.name));

/** The tasks of the docs suite; their order is that of the domain ids. */
export const RECIPES: readonly Recipe[] = [
  {
    name: "deno-api",
    prompt: "Given what a Deno API does, retrieve its declaration",
    language: "en",
    kind: "code",
    license: "MIT",
    size: 800,
    source: deno,
    transform:
      `query = first sentence of the JSDoc, positive = the declaration, titled with what it is in; ${MASKED}`,
    pairs: ({ deno }) => declarationPairs("web", deno.filter((d) => !d.isType)),
  },
  {
    name: "doc-continuation",
    prompt:
      "Given the first sentence of a documentation comment, retrieve its continuation",
    language: "en",
    kind: "title-body",
    license: "MIT; Apache-2.0",
    size: 700,
    source: all(deno, node, tfjs, es),
    transform:
      "query = first sentence of the JSDoc, positive = the rest without code. Noisy by nature: the rest may turn to something else",
    pairs: ({ deno, node, tfjs, es }) =>
      [
        ...keyed("web", deno),
        ...keyed("node", node),
        ...keyed("tfjs", tfjs),
        ...keyed("es", es),
      ].flatMap(({ key, d }) => {
        const [first, ...others] = paragraphs(d.doc);
        if (first === undefined) return [];
        const [query, rest] = splitSentence(first);
        const text = [rest, ...others].join(" ").trim();
        return countWords(text) < 8 || countWords(query) < 4 ? [] : [{
          key,
          query: cutText(query, QUERY_LIMIT),
          text: cutText(text, PASSAGE_LIMIT),
        }];
      }),
  },
  {
    name: "dom-interfaces",
    prompt:
      "Given a description of a web interface, retrieve the interface with its members",
    language: "en",
    kind: "code",
    license: MDN_LICENSE,
    size: 500,
    source: code,
    transform:
      `query = MDN's first sentence about a web interface, positive = the interface with the names of its members; ${MASKED}`,
    pairs: ({ dom }) => declarationPairs("web", dom.filter((d) => d.isType)),
  },
  {
    name: "dom-members",
    prompt:
      "Given what a property or method of the web platform does, retrieve its declaration",
    language: "en",
    kind: "code",
    license: MDN_LICENSE,
    size: 2000,
    source: code,
    transform:
      `query = MDN's first sentence about a member, positive = its declaration, titled with its interface; ${MASKED}`,
    pairs: ({ dom }) => declarationPairs("web", dom.filter((d) => !d.isType)),
  },
  {
    name: "es-lib",
    prompt:
      "Given what a built-in of JavaScript does, retrieve its declaration",
    language: "en",
    kind: "code",
    license: "Apache-2.0",
    size: 450,
    source: es,
    transform:
      `query = first sentence of the JSDoc, positives = the declarations that it documents; ${MASKED}`,
    pairs: ({ es }) => declarationPairs("es", es),
  },
  ...MESSAGES,
  {
    name: "node-api",
    prompt: "Given what a Node.js API does, retrieve its declaration",
    language: "en",
    kind: "code",
    license: "MIT",
    size: 1200,
    source: node,
    transform:
      `query = first sentence of the JSDoc, positives = the declarations that it documents, titled with module and class; ${MASKED}`,
    pairs: ({ node }) => declarationPairs("node", node),
  },
  {
    name: "node-examples",
    prompt: "Given what an API does, retrieve a code example that uses it",
    language: "en",
    kind: "code",
    license: "MIT; Apache-2.0",
    size: 600,
    source: all(deno, node, tfjs),
    transform:
      `query = first sentence of the JSDoc, positive = its first code example; ${MASKED}`,
    pairs: ({ deno, node, tfjs }) =>
      [
        ...keyed("web", deno),
        ...keyed("node", node),
        ...keyed("tfjs", tfjs),
      ].flatMap(({ key, d }) => {
        const query = description(d);
        const example = d.examples.find((text) => text.length >= 40);
        return !query || !example
          ? []
          : [{ key, query, text: cutText(example, PASSAGE_LIMIT) }];
      }),
  },
  {
    name: "param-lookup",
    prompt: "Given what a parameter means, retrieve the function that takes it",
    language: "en",
    kind: "code",
    license: "MIT; Apache-2.0",
    size: 400,
    source: all(es, node, tfjs),
    transform:
      "query = text of a @param tag, positives = the functions that take it. Noisy by nature: a parameter says little of its function",
    pairs: ({ es, node, tfjs }) =>
      [...keyed("es", es), ...keyed("node", node), ...keyed("tfjs", tfjs)]
        .flatMap(({ key, d }) =>
          d.params.flatMap(({ text }) => {
            const query = plainText(text, d.name);
            return countWords(query) < 6 ? [] : [{
              key,
              query: cutText(query, QUERY_LIMIT),
              ...passage(d),
            }];
          })
        ),
  },
  {
    name: "tfjs-ops",
    prompt:
      "Given what a TensorFlow.js function does, retrieve its declaration",
    language: "en",
    kind: "code",
    license: "Apache-2.0",
    size: 350,
    source: tfjs,
    transform:
      `query = first sentence of the JSDoc, positive = the declaration; ${MASKED}`,
    pairs: ({ tfjs }) => declarationPairs("tfjs", tfjs),
  },
  {
    name: "vega-keywords",
    prompt: "Given keywords, retrieve the chart property they are about",
    language: "en",
    kind: "keyword",
    license: "BSD-3-Clause",
    size: 450,
    source: vega,
    transform:
      "query = words of the names of a property and its definition, positive = the property's description",
    pairs: ({ vega }) =>
      describedOnce(vega).map(({ definition, name, description }) => ({
        key: `vega:${definition}.${name}`,
        query: identifierWords(`${definition} ${name}`),
        text: cutText(plainText(description), PASSAGE_LIMIT),
      })),
  },
  {
    name: "vega-properties",
    prompt:
      "Given what a chart setting does, retrieve the Vega-Lite property for it",
    language: "en",
    kind: "code",
    license: "BSD-3-Clause",
    size: 450,
    source: vega,
    transform:
      `query = first sentence of a description, positive = the property with its type, titled with its definition; ${MASKED}`,
    pairs: ({ vega }) =>
      describedOnce(vega).flatMap(({ definition, name, type, description }) => {
        const [query] = splitSentence(plainText(description, name));
        return countWords(query) < 4 ? [] : [{
          key: `vega:${definition}.${name}`,
          query: cutText(query, QUERY_LIMIT),
          title: definition,
          text: cutText(`${name}: ${type}`, PASSAGE_LIMIT),
        }];
      }),
  },
  {
    name: "web-paraphrase",
    prompt:
      "Given a description of a web API, retrieve another description of the same API",
    language: "en",
    kind: "symmetric",
    license: `MIT; ${MDN_LICENSE}`,
    size: 300,
    source: all(deno, code),
    transform:
      "query = Deno's description of something that the web platform has too, positive = MDN's; pairs that share most of their words are left out, MDN's descriptions of other interfaces added to the corpus",
    pairs: ({ deno, dom }) => {
      const texts = new Map<string, string>();
      for (const { key, d } of keyed("web", dom)) {
        const text = paragraphs(d.doc)[0];
        if (text && !texts.has(key)) texts.set(key, text);
      }
      return keyed("web", deno).flatMap(({ key, d }) => {
        const query = paragraphs(d.doc)[0];
        const text = texts.get(key);
        if (!query || !text || countWords(query) < 4) return [];
        return sharedWords(query, text) > 0.6 ? [] : [{
          key,
          query: cutText(query, QUERY_LIMIT),
          text: cutText(text, PASSAGE_LIMIT),
        }];
      });
    },
    distractors: ({ dom }) =>
      dom.filter((d) => d.isType).flatMap((d) => {
        const text = paragraphs(d.doc)[0];
        return text ? [{ text: cutText(text, PASSAGE_LIMIT) }] : [];
      }),
  },
];
