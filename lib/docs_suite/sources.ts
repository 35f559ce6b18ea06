import { join } from "node:path";
import { compareCodePoints } from "../base/compare_code_points.ts";
import { type Declaration, readDeclarations } from "./declarations.ts";
import {
  packageFolder,
  type SourceVersions,
  vegaLiteSchema,
} from "./package_folders.ts";

/** Languages of the compiler's messages that the suite uses. */
export const MESSAGE_LANGUAGES = [
  "de",
  "es",
  "fr",
  "it",
  "ja",
  "ko",
  "pt-br",
  "ru",
  "tr",
  "zh-cn",
] as const;

/** Code of a language among {@linkcode MESSAGE_LANGUAGES}, or English. */
export type MessageLanguage = "en" | (typeof MESSAGE_LANGUAGES)[number];

/** One compiler message in all languages that have it. */
export interface Message {
  /** The compiler's key of the message. */
  key: string;
  /** Texts by language. */
  text: Partial<Record<MessageLanguage, string>>;
}

/** A documented property of the Vega-Lite schema. */
export interface SchemaProperty {
  /** Name of the definition it belongs to. */
  definition: string;
  /** Its name. */
  name: string;
  /** Its type, in TypeScript's notation. */
  type: string;
  /** Its description, as Markdown. */
  description: string;
}

/** All the raw material. */
export interface Sources {
  /** Declarations of `deno types`. */
  deno: Declaration[];
  /** Declarations of the web platform, with descriptions by MDN. */
  dom: Declaration[];
  /** Declarations of the language's own library. */
  es: Declaration[];
  /** Declarations of Node's modules. */
  node: Declaration[];
  /** Declarations of tfjs-core. */
  tfjs: Declaration[];
  /** Properties of the Vega-Lite schema. */
  vega: SchemaProperty[];
  /** Messages of the TypeScript compiler. */
  messages: Message[];
  /** Versions of all these. */
  versions: SourceVersions;
}

/** Reads the raw material; takes a second or two. */
export async function loadSources(versions: SourceVersions): Promise<Sources> {
  const { default: ts } = await import("typescript");
  const typescriptPath = ts.sys.getExecutingFilePath();
  const lib = join(typescriptPath, "..");
  const [nodeFolder, tfjsFolder, denoTypes, schema] = await Promise.all([
    packageFolder("@types/node", versions.typesNode, typescriptPath),
    packageFolder("@tensorflow/tfjs-core", versions.tfjsCore, typescriptPath),
    readDenoTypes(),
    vegaLiteSchema(),
  ]);
  const libraries = await listTypes(lib, () => false);
  const read = async (paths: string[]) => {
    const all: Declaration[] = [];
    for (const path of paths) {
      all.push(...readDeclarations(ts, await Deno.readTextFile(path)));
    }
    return all;
  };
  return {
    deno: readDeclarations(ts, denoTypes),
    dom: await read([join(lib, "lib.dom.d.ts")]),
    es: await read(
      libraries.filter((path) =>
        /[\\/]lib\.(?:es|decorators)[^\\/]*$/.test(path)
      ),
    ),
    // Those left out repeat the others for old compilers, or the web's own.
    node: (await read(
      await listTypes(
        nodeFolder,
        (name) => !/^(?:ts\d.*|compatibility|web-globals)$/.test(name),
      ),
    )).filter((d) => d.name !== "__promisify__"),
    tfjs: (await read(await listTypes(join(tfjsFolder, "dist"), () => true)))
      // `add_` is the private name of the function exported as `add`.
      .map((d) => ({
        ...d,
        name: d.name.replace(/_$/, ""),
        signature: d.signature.replace(/^(function \w+)_(?=\W)/, "$1"),
      })),
    vega: schemaProperties(schema),
    messages: await readMessages(ts, lib),
    versions,
  };
}

async function readDenoTypes(): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["types"] });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`"deno types" failed: ${decoder.decode(stderr)}`);
}

/** Paths of the `.d.ts` files of a folder, by code point. */
async function listTypes(
  folder: string,
  enter: (name: string) => boolean,
): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  entries.sort((a, b) => compareCodePoints(a.name, b.name));
  const paths: string[] = [];
  for (const { name, isDirectory } of entries) {
    const path = join(folder, name);
    if (isDirectory) {
      if (enter(name)) paths.push(...await listTypes(path, enter));
    } else if (name.endsWith(".d.ts")) paths.push(path);
  }
  return paths;
}

async function readMessages(ts: unknown, lib: string): Promise<Message[]> {
  // The table of English messages is exported but not declared.
  const { Diagnostics } = ts as {
    Diagnostics: Record<string, { key: string; message: string }>;
  };
  const messages = new Map<string, Message>();
  for (const { key, message } of Object.values(Diagnostics)) {
    messages.set(key, { key, text: { en: message } });
  }
  for (const language of MESSAGE_LANGUAGES) {
    const path = join(lib, language, "diagnosticMessages.generated.json");
    const texts: Record<string, string> = JSON.parse(
      await Deno.readTextFile(path),
    );
    for (const [key, text] of Object.entries(texts)) {
      const message = messages.get(key);
      if (message) message.text[language] = text;
    }
  }
  return [...messages.values()];
}

/** The parts of a JSON schema that say what type a property has. */
interface SchemaNode {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: SchemaNode[];
  items?: SchemaNode;
  description?: string;
  properties?: Record<string, SchemaNode>;
}

function schemaProperties(schema: unknown): SchemaProperty[] {
  const { definitions } = schema as { definitions: Record<string, SchemaNode> };
  const found: SchemaProperty[] = [];
  for (const [definition, { properties = {} }] of Object.entries(definitions)) {
    for (const [name, node] of Object.entries(properties)) {
      const description = node.description ??
        node.anyOf?.find((option) => option.description)?.description;
      if (!description) continue;
      found.push({ definition, name, type: typeText(node), description });
    }
  }
  return found;
}

function typeText(node: SchemaNode): string {
  if (node.$ref) return decodeURIComponent(node.$ref.replace(/^.*\//, ""));
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((v) => JSON.stringify(v)).join(" | ");
  if (node.anyOf) {
    return [...new Set(node.anyOf.map(typeText))].join(" | ");
  }
  if (node.type === "array") return `(${typeText(node.items ?? {})})[]`;
  return [node.type ?? "any"].flat().join(" | ");
}
