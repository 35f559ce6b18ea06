/** Throws at what can't stand between tabs. */
export function checkColumn(name: string, value: string): void {
  if (!/[\t\r\n]/.test(value)) return;
  throw new RangeError(
    `Cannot write decisions: ${name} must hold no tab or line end: got ${
      JSON.stringify(value)
    }`,
  );
}
