/** A text that begins a sentence. */
export function capitalised(text: string): string {
  return text.replace(/^./, (first) => first.toUpperCase());
}
