// The layers of a scene document as a tree: finding, applying diffs, and the order in which people see them.

/** Calls `visit(layer, parent, depth)` for each layer, parents first, in document order. */
export function walk(layers, visit, parent = null, depth = 0) {
  for (const layer of layers) {
    visit(layer, parent, depth);
    walk(layer.children ?? [], visit, layer, depth + 1);
  }
}

/** Where a layer stands: itself, its parent (null for the canvas), its siblings, its index among them. */
export function locate(scene, id, siblings = scene?.layers ?? [], parent = null) {
  for (const [index, layer] of siblings.entries()) {
    if (layer.id === id) return { layer, parent, siblings, index };
    const found = locate(scene, id, layer.children ?? [], layer);
    if (found) return found;
  }
  return null;
}

/** The layer with this id, or undefined. */
export const find = (scene, id) => locate(scene, id)?.layer;

/** Whether `id` is `layer` or below it. */
export function isWithin(layer, id) {
  return layer.id === id || (layer.children ?? []).some((child) => isWithin(child, id));
}

/** Siblings as they lie, the nearest to the viewer first. */
export function nearestFirst(siblings) {
  return siblings
    .map((layer, index) => ({ layer, index }))
    .sort((a, b) => (b.layer.zIndex ?? 0) - (a.layer.zIndex ?? 0) || b.index - a.index)
    .map(({ layer }) => layer);
}

/** All layers that are not in a folded group, as they lie, with their depth. */
export function rows(layers, folded, depth = 0, parent = null) {
  return nearestFirst(layers).flatMap((layer) => [
    { layer, depth, parent },
    ...(folded.has(layer.id) ? [] : rows(layer.children ?? [], folded, depth + 1, layer)),
  ]);
}

/** A layer's name for people. */
export const title = (layer) => layer.name || layer.id;

/** Applies a `layerUpdate`; false if it does not fit, so that a snapshot is needed. */
export function apply(scene, message) {
  for (const change of message.changes ?? []) {
    if (!applyChange(scene.layers, change)) return false;
  }
  if (message.scene) {
    const { layers } = scene;
    for (const key of Object.keys(scene)) delete scene[key];
    Object.assign(scene, message.scene, { layers });
  }
  return true;
}

function applyChange(layers, change) {
  const inTree = (id) => locate({ layers }, id);
  if (change.op === "removed") return take(inTree(change.id));
  if (change.op === "placed") {
    take(inTree(change.layer.id));
    const parent = change.parent === undefined || change.parent === null ? null : inTree(change.parent)?.layer;
    if (parent === undefined) return false;
    const siblings = parent ? (parent.children ??= []) : layers;
    siblings.splice(change.index, 0, change.layer);
    return true;
  }
  const layer = inTree(change.id)?.layer;
  if (!layer) return false;
  for (const [field, value] of Object.entries(change.set)) {
    if (value === null) delete layer[field];
    else layer[field] = value;
  }
  return true;
}

function take(place) {
  if (!place) return false;
  place.siblings.splice(place.index, 1);
  if (place.parent && place.siblings.length === 0) delete place.parent.children;
  return true;
}

/** Another document with the ids of a layer and all below it replaced by free ones. */
export function renamed(layer, scene) {
  const taken = new Set();
  walk(scene.layers, ({ id }) => taken.add(id));
  const rename = (original) => {
    const copy = { ...structuredClone(original), id: freeId(original.id, taken) };
    taken.add(copy.id);
    if (copy.children) copy.children = copy.children.map(rename);
    return copy;
  };
  return rename(layer);
}

/** An id like `wish` that no layer has. */
export function freeId(wish, taken) {
  const stem = wish.replace(/-\d+$/, "").slice(0, 58) || "layer";
  if (!taken.has(wish)) return wish;
  for (let number = 2; ; number += 1) {
    if (!taken.has(`${stem}-${number}`)) return `${stem}-${number}`;
  }
}

/** The ids of all layers. */
export function ids(scene) {
  const all = new Set();
  walk(scene?.layers ?? [], ({ id }) => all.add(id));
  return all;
}
