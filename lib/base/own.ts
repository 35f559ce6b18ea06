/**
 * What an object itself holds under a name that comes from outside. Plain indexing
 * finds more: every object has a `constructor`.
 */
export function own<T>(
  object: Readonly<Record<string, T>> | undefined,
  name: string,
): T | undefined {
  return object !== undefined && Object.hasOwn(object, name)
    ? object[name]
    : undefined;
}
