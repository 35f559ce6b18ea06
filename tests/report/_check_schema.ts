/**
 * Checks a value against a JSON schema, as far as vega-lite's schema goes:
 * references, unions, types, constants, objects, arrays and bounds.
 *
 * @returns What is wrong, or undefined.
 */
export function checkSchema(
  value: unknown,
  // deno-lint-ignore no-explicit-any
  schema: any,
  // deno-lint-ignore no-explicit-any
  root: any = schema,
  path = "$",
): string | undefined {
  if (schema.$ref !== undefined) {
    const name = decodeURIComponent(schema.$ref.replace("#/definitions/", ""));
    const target = root.definitions[name];
    if (target === undefined) throw new Error(`no definition ${name}`);
    return checkSchema(value, target, root, path);
  }
  const unions = schema.anyOf ?? schema.oneOf;
  if (unions !== undefined) {
    // deno-lint-ignore no-explicit-any
    const wrongs = unions.map((one: any) =>
      checkSchema(value, one, root, path)
    );
    if (wrongs.includes(undefined)) return undefined;
    // The deepest complaint tells most.
    return wrongs.sort((a: string, b: string) => b.length - a.length)[0];
  }
  if (
    schema.not !== undefined &&
    checkSchema(value, schema.not, root) === undefined
  ) {
    return `${path}: matches what it must not`;
  }
  if ("const" in schema && value !== schema.const) {
    return `${path}: ${JSON.stringify(value)} is not ${
      JSON.stringify(schema.const)
    }`;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return `${path}: ${JSON.stringify(value)} is not one of the names`;
  }
  if (schema.type !== undefined) {
    const types: string[] = [schema.type].flat();
    if (!types.some((type) => hasType(value, type))) {
      return `${path}: ${JSON.stringify(value)?.slice(0, 60)} is not ${
        types.join("|")
      }`;
    }
  }
  if (typeof value === "number") {
    if (
      value < (schema.minimum ?? -Infinity) ||
      value > (schema.maximum ?? Infinity)
    ) {
      return `${path}: ${value} is out of bounds`;
    }
  }
  if (Array.isArray(value)) {
    if (
      value.length < (schema.minItems ?? 0) ||
      value.length > (schema.maxItems ?? Infinity)
    ) {
      return `${path}: ${value.length} items`;
    }
    for (const [i, item] of value.entries()) {
      const items = Array.isArray(schema.items)
        ? schema.items[i]
        : schema.items;
      if (items === undefined) continue;
      const wrong = checkSchema(item, items, root, `${path}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  if (typeof value === "object" && value !== null) {
    for (const name of schema.required ?? []) {
      if (!(name in value)) return `${path}: lacks ${name}`;
    }
    for (const [name, field] of Object.entries(value)) {
      const known = schema.properties?.[name] ?? schema.additionalProperties;
      if (known === false) return `${path}.${name}: unknown property`;
      if (known === undefined || known === true) continue;
      const wrong = checkSchema(field, known, root, `${path}.${name}`);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "object":
      return typeof value === "object" && value !== null &&
        !Array.isArray(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`no type ${type}`);
  }
}
