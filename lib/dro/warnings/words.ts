/** A task, for a message. */
export function nameOf(
  names: readonly string[] | undefined,
  domain: number,
): string {
  const name = names?.[domain];
  return name === undefined ? `task ${domain}` : JSON.stringify(name);
}

/** A number with three digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
