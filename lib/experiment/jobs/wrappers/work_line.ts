/** The line that does one job of a plan; `{index}` is its number. */
export function workLine(command: string, plan: string): string {
  return `${command} work ${plan} --index {index}`;
}
