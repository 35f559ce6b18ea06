import { fileURLToPath } from "node:url";

/** Path of a `file:` URL. */
export function fromFileUrl(url: URL): string {
  return fileURLToPath(url);
}

/** Root folder of the repository. */
export const ROOT: string = fromFileUrl(new URL("..", import.meta.url));
