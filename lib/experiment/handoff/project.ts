import type { BaseModel } from "./base_model.ts";
import type { HandOffSource } from "./source.ts";

/** A file of a project. */
export interface ProjectFile {
  /** Its path within the project. */
  path: string;
  /** Its content, or the pieces of it. */
  text: string | Iterable<string>;
  /** Whether it is a program. @default {false} */
  isProgram?: boolean;
}

/** A line that works in a project's folder. */
export interface ProjectCommand {
  /** What it does. */
  about: string;
  /** The line. */
  line: string;
}

/** What a target needs, and what it can't do. */
export interface Project {
  /** The training data: a file for each task in order, or one for all. */
  data: ProjectFile[];
  /** The other files, without the base model, weights.json and README.md. */
  files: ProjectFile[];
  /** What it does otherwise than tdro, a sentence each. */
  differences: string[];
  /** What doesn't fit it, and should be looked at, a sentence each. */
  warnings?: string[];
  /** How to install what it takes, and to start it. */
  commands: ProjectCommand[];
}

/** Makes a target's files. */
export type Target = (source: HandOffSource, model: BaseModel) => Project;

/** Name of a task as that of a file, on any system; numbered, so no two are alike. */
export function fileName(name: string, k: number): string {
  const plain = name.replaceAll(/[^\w.-]+/g, "_").slice(0, 60);
  return `${String(k).padStart(4, "0")}-${plain}.jsonl`;
}
