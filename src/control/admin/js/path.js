// Values within documents, by paths such as `transform.position.x`.

/** The value at a path, or undefined. */
export const valueAt = (document, path) => path.split(".").reduce((value, name) => value?.[name], document);

/** A merge patch that sets the value at a path. */
export const patchOf = (path, value) => path.split(".").reduceRight((inner, name) => ({ [name]: inner }), value);

/** A merge patch that puts `next` in the place of `before`: what is not in `next` goes. */
export function replacing(before, next) {
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(before) || !isObject(next)) return next;
  const gone = Object.keys(before)
    .filter((key) => !(key in next))
    .map((key) => [key, null]);
  return Object.fromEntries([
    ...Object.entries(next).map(([key, value]) => [key, replacing(before[key], value)]),
    ...gone,
  ]);
}

/** The path in a layer's document that a fault's pointer speaks of, dotted. */
export const pathOf = (pointer) =>
  pointer
    .replace(/^\/edits\/\d+\/(patch|layer)/, "")
    .split("/")
    .slice(1)
    .join(".");
