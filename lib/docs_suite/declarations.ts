import type ts from "typescript";
import { cutText, plainText } from "./prose.ts";

/** The TypeScript API, loaded by whoever parses. */
export type TypeScript = typeof ts;

/** A documented declaration of a `.d.ts` file. */
export interface Declaration {
  /** Names of what it's in, e.g. `["Deno", "FsFile"]`; modules included. */
  container: string[];
  /** Its own name. */
  name: string;
  /** Whether it is a type with members: interface, class, enum, namespace. */
  isType: boolean;
  /** The declaration without comments, in one line; of a type, its outline. */
  signature: string;
  /** The documentation as Markdown, tags left out. */
  doc: string;
  /** Documented parameters. */
  params: { name: string; text: string }[];
  /** What the `@deprecated` tag says. */
  deprecated: string;
  /** Code blocks of the documentation and of `@example` tags. */
  examples: string[];
}

/**
 * Reads the documented declarations of a `.d.ts` text, in file order.
 *
 * @param ts The TypeScript API.
 * @param text The file's content.
 * @param container Names to put before each declaration's container.
 */
export function readDeclarations(
  ts: TypeScript,
  text: string,
  container: readonly string[] = [],
): Declaration[] {
  const file = ts.createSourceFile(
    "x.d.ts",
    text,
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Declaration[] = [];

  const visit = (node: ts.Node, container: readonly string[]): void => {
    const name = nameOf(ts, node, file);
    if (name !== undefined) {
      const declaration = describe(ts, node, file);
      if (declaration) {
        found.push({ ...declaration, container: tidyPath(container), name });
      }
    }
    const inner = name !== undefined && opensContainer(ts, node)
      ? [...container, name]
      : container;
    // A function's insides document nothing of their own.
    if (!ts.isFunctionLike(node)) {
      node.forEachChild((child) => visit(child, inner));
    }
  };
  file.forEachChild((node) => visit(node, container));
  return found;
}

/** Whether what is inside belongs to the node's name. */
function opensContainer(ts: TypeScript, node: ts.Node): boolean {
  return ts.isModuleDeclaration(node)
    ? (node.flags & ts.NodeFlags.GlobalAugmentation) === 0
    : isContainer(ts, node) || ts.isVariableStatement(node) ||
      ts.isTypeAliasDeclaration(node);
}

/** `["node:test", "test"]` → `["test"]`: a namespace named as its module. */
function tidyPath(container: readonly string[]): string[] {
  return container
    .map((name) => name.replace(/^node:/, ""))
    .filter((name, i, all) => name !== all[i - 1]);
}

function isContainer(ts: TypeScript, node: ts.Node): boolean {
  return ts.isModuleDeclaration(node) || ts.isInterfaceDeclaration(node) ||
    ts.isClassDeclaration(node) || ts.isEnumDeclaration(node);
}

/** Name of a declaration; `undefined` for every other node. */
function nameOf(
  ts: TypeScript,
  node: ts.Node,
  file: ts.SourceFile,
): string | undefined {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations[0]?.name.getText(file);
  }
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (
    isContainer(ts, node) || ts.isFunctionDeclaration(node) ||
    ts.isMethodSignature(node) || ts.isMethodDeclaration(node) ||
    ts.isPropertySignature(node) || ts.isPropertyDeclaration(node) ||
    ts.isAccessor(node) || ts.isTypeAliasDeclaration(node) ||
    ts.isEnumMember(node)
  ) {
    const name = (node as ts.NamedDeclaration).name;
    return name && (ts.isStringLiteral(name) || ts.isIdentifier(name))
      ? name.text
      : name?.getText(file);
  }
}

function describe(
  ts: TypeScript,
  node: ts.Node,
  file: ts.SourceFile,
): Omit<Declaration, "container" | "name"> | undefined {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const comment = comments.at(-1);
  if (!comment) return undefined;
  const textOf = (part: Parameters<typeof ts.getTextOfJSDocComment>[0]) =>
    ts.getTextOfJSDocComment(part) ?? "";
  const doc = textOf(comment.comment);
  const params: Declaration["params"] = [];
  let deprecated = "";
  const examples = codeBlocks(doc);
  for (const tag of comment.tags ?? []) {
    const text = textOf(tag.comment);
    if (ts.isJSDocParameterTag(tag)) {
      params.push({
        name: tag.name.getText(file),
        text: text.replace(/^-\s*/, ""),
      });
    } else if (tag.tagName.text === "deprecated") {
      deprecated = text;
    } else if (tag.tagName.text === "example") {
      examples.push(...codeBlocks(text));
    }
  }
  return {
    isType: isContainer(ts, node),
    signature: signatureOf(ts, node, file),
    doc,
    params,
    deprecated,
    examples,
  };
}

/** The declaration in one line; what has members is reduced to their names. */
function signatureOf(
  ts: TypeScript,
  node: ts.Node,
  file: ts.SourceFile,
): string {
  const oneLine = (text: string) =>
    text
      .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, " ")
      .replace(/\s+/g, " ")
      .replace(/([([]) /g, "$1")
      .replace(/,? ([)\]])/g, "$1")
      .replace(/^(export |declare |default )+/, "")
      .trim();
  if (
    ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node) ||
    ts.isEnumDeclaration(node)
  ) {
    const start = node.getStart(file);
    const first = node.members[0];
    const head = file.text.slice(start, first ? node.members.pos : node.end);
    const names = new Set<string>();
    for (const member of node.members) {
      const name = member.name?.getText(file);
      if (name && !name.startsWith("[")) names.add(name);
    }
    return cutText(
      `${oneLine(head).replace(/[{}\s]*$/, "")} { ${[...names].join("; ")} }`,
      600,
    );
  }
  if (ts.isModuleDeclaration(node)) {
    return `namespace ${node.name.getText(file)}`;
  }
  return cutText(oneLine(node.getText(file)), 600);
}

function codeBlocks(markdown: string): string[] {
  const blocks: string[] = [];
  for (
    const [, language, code] of markdown.matchAll(
      /^[ \t]*```(\w*)[^\n]*\n([\s\S]*?)^[ \t]*```/gm,
    )
  ) {
    if (/^(js|ts|javascript|typescript|mjs|cjs|)$/.test(language!)) {
      blocks.push(code!.trim());
    }
  }
  return blocks;
}

/** The documentation as plain paragraphs, without code blocks or this name. */
export function paragraphs(doc: string, name?: string): string[] {
  return doc
    .replace(/^[ \t]*```[\s\S]*?^[ \t]*```[^\n]*$/gm, "\n\n")
    .split(/\n\s*\n/)
    .map((text) => plainText(text, name))
    .filter((text) => text !== "" && text !== "MDN Reference");
}
