/**
 * What would move the cursor, recolour the terminal or reorder its text: control
 * characters of both sets, and the marks that turn the direction of writing.
 */
const UNPRINTABLE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A name or a text on one line: line ends and tabs read as a gap. */
export function printable(text: string): string {
  return text.toWellFormed()
    .replace(/[\t\r\n\u2028\u2029]+/g, " ")
    .replace(UNPRINTABLE, "\ufffd");
}

/** Lines for a terminal: only their ends and tabs are left of what isn't seen. */
export function printableLines(text: string): string {
  return text.toWellFormed()
    .replace(/\r(?=\n)/g, "")
    .replace(/[\r\u2028\u2029]/g, " ")
    .replace(UNPRINTABLE, (mark) => /[\n\t]/.test(mark) ? mark : "\ufffd");
}

/** JSON of the same value that is safe to show: the rest of them is escaped too. */
export function printableJson(json: string): string {
  // JSON has escaped the first 32; outside its strings there is none of these.
  return json.replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * One line with values from outside in it, none of which can end it: a task may be
 * called `a⏎error: …`. Used as a tag.
 */
export function line(
  text: TemplateStringsArray,
  ...values: readonly (string | number)[]
): string {
  return String.raw(
    { raw: text },
    ...values.map((value) => printable(String(value))),
  );
}
