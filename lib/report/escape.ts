/** Replaces what no HTML or XML document may hold by U+FFFD. */
export function legalText(text: string): string {
  return text.toWellFormed()
    .replace(/(?![\t\r\n])[\p{Cc}\ufffe\uffff]/gu, "\ufffd");
}

/** Escapes a text for HTML, in content and in quoted attributes alike. */
export function escapeHtml(text: string): string {
  return legalText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * A `data:` link. Base64, because its alphabet means nothing in HTML: no
 * content can end the attribute, the script or the document.
 */
export function dataLink(mediaType: string, text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  // In pieces, because a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x2000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x2000));
  }
  return `data:${mediaType};charset=utf-8;base64,${btoa(binary)}`;
}

/** Digest in the form that a Content-Security-Policy names: `sha256-…`. */
export async function cspHash(text: string): Promise<string> {
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  );
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}

/** JSON of anything: what JSON lacks is written as text, a cycle as a note. */
export function safeJson(value: unknown, indent = 0): string {
  // The objects on the way down to the present field.
  const path: { given: object; written: object }[] = [];
  return JSON.stringify(value, function (this: unknown, _key, field: unknown) {
    if (typeof field === "bigint") return field.toString();
    if (typeof field === "number" && !Number.isFinite(field)) {
      return String(field);
    }
    if (typeof field !== "object" || field === null) return field;
    while (path.length > 0 && path.at(-1)!.written !== this) path.pop();
    if (path.some((step) => step.given === field)) return "[circular]";
    const written = plain(field);
    path.push({ given: field, written });
    return written;
  }, indent) ?? "null";
}

function plain(value: object): object {
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<unknown>);
  }
  return value;
}
