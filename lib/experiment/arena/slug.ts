/** Name of a strategy as that of a folder, on any system. */
export function slugOf(name: string): string {
  return name.replaceAll(/[^\w.-]/g, "_");
}
