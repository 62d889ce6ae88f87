// What can be done to layers, from wherever it is asked for.

import { edit, patches, tryEdit, undo } from "./edits.js";
import { find, ids, isWithin, locate, nearestFirst, renamed, title, walk } from "./scene.js";
import { select } from "./selection.js";
import { state } from "./store.js";
import { toast } from "./toasts.js";
import { count } from "./words.js";

/** The layers in words: the name of one, the number of several. */
export const named = (layers) =>
  layers.length === 1 ? title(find(state.scene, layers[0]) ?? { id: layers[0] }) : count(layers.length, "layer");

/** The same layers without those that are in another of them. */
export function outermost(layers) {
  const chosen = new Set(layers);
  const inner = new Set();
  walk(state.scene?.layers ?? [], ({ id }, parent) => {
    if (parent && (chosen.has(parent.id) || inner.has(parent.id))) inner.add(id);
  });
  return layers.filter((id) => !inner.has(id));
}

/** Shows or hides layers; without `visible` it is the opposite of what the first one is. */
export function setVisible(layers, visible = find(state.scene, layers[0])?.visible === false) {
  return tryEdit(patches(layers, { visible }), { label: `${visible ? "Show" : "Hide"} ${named(layers)}` });
}

/** Deletes layers with all that is in them. */
export async function remove(layers) {
  const going = outermost(layers);
  if (going.length === 0) return;
  const words = named(going);
  const next = neighbour(going);
  const answer = await tryEdit(
    going.map((id) => ({ op: "deleteLayer", id })),
    { label: `Delete ${words}` },
  );
  if (!answer) return;
  select(next ? [next] : []);
  toast(`Deleted ${words}`, { action: { label: "Undo", run: undo } });
}

function neighbour(going) {
  const place = locate(state.scene, going[0]);
  const others = nearestFirst(place?.siblings ?? []).map(({ id }) => id);
  const at = others.indexOf(going[0]);
  const gone = new Set(going);
  const left = (id) => !gone.has(id);
  return others.slice(at + 1).find(left) ?? others.slice(0, at).reverse().find(left) ?? place?.parent?.id;
}

/** Puts copies above the layers. */
export async function duplicate(layers) {
  const taken = ids(state.scene);
  const edits = outermost(layers).map((id) => {
    const { layer, parent, index } = locate(state.scene, id);
    const copy = renamed(layer, { layers: [...taken].map((known) => ({ id: known })) });
    for (const fresh of ids({ layers: [copy] })) taken.add(fresh);
    return { op: "createLayer", layer: copy, parent: parent?.id, index: index + 1 };
  });
  if (await tryEdit(edits, { label: `Duplicate ${named(layers)}` })) select(edits.map(({ layer }) => layer.id));
}

/** Puts layers into a new group where the first of them stands. */
export async function group(layers) {
  const going = outermost(layers);
  if (going.length === 0) return;
  const { parent, index, layer } = locate(state.scene, going[0]);
  const id = renamed({ id: "group" }, state.scene).id;
  const edits = [
    {
      op: "createLayer",
      layer: { id, name: "Group", zIndex: layer.zIndex, content: { type: "group" } },
      parent: parent?.id,
      index,
    },
    // In document order, so that they lie in the group as they lay before.
    ...documentOrder(going).map((child) => ({ op: "moveLayer", id: child, parent: id })),
  ];
  if (await tryEdit(edits, { label: `Group ${named(going)}` })) select([id]);
}

function documentOrder(layers) {
  const chosen = new Set(layers);
  return [...ids(state.scene)].filter((id) => chosen.has(id));
}

/**
 * Puts a layer among the children of `parent` (null: the canvas) so that it is seen right below `above`, or on top if
 * that is null. What lies nearer has the higher `zIndex`, so that may have to change too.
 */
export async function place(id, parent, above) {
  const from = locate(state.scene, id);
  if (!from || (parent && isWithin(from.layer, parent))) return;
  const siblings = (parent ? (find(state.scene, parent).children ?? []) : state.scene.layers).filter(
    (other) => other.id !== id,
  );
  const lying = nearestFirst(siblings);
  const at = above === null ? 0 : lying.findIndex((other) => other.id === above) + 1;
  const [upper, lower] = [lying[at - 1], lying[at]];
  const own = from.layer.zIndex ?? 0;
  const z = Math.min(upper?.zIndex ?? Infinity, Math.max(lower?.zIndex ?? -Infinity, own));
  // Among equals the document's order decides: right after the one below, or right before the one above.
  let index = siblings.length;
  if (lower && lower.zIndex === z) index = siblings.indexOf(lower) + 1;
  else if (upper && upper.zIndex === z) index = siblings.indexOf(upper);
  const isMoved = (from.parent?.id ?? null) !== parent || from.index !== index;
  const edits = [
    ...(isMoved ? [{ op: "moveLayer", id, parent: parent ?? null, index }] : []),
    ...(z === own ? [] : [{ op: "patchLayer", id, patch: { zIndex: z } }]),
  ];
  if (edits.length > 0) await tryEdit(edits, { label: `Move ${title(from.layer)}` });
}

/** Moves a layer by one among those it lies between: -1 is nearer to the viewer. */
export async function shift(id, by) {
  const { parent, siblings } = locate(state.scene, id);
  const lying = nearestFirst(siblings);
  const at = lying.findIndex((layer) => layer.id === id);
  const to = at + by;
  if (to < 0 || to >= lying.length) return;
  const others = lying.filter((layer) => layer.id !== id);
  await place(id, parent?.id ?? null, to === 0 ? null : others[to - 1].id);
}

/** Moves a layer into the group that lies right above it. */
export async function moveIn(id) {
  const { siblings } = locate(state.scene, id);
  const lying = nearestFirst(siblings);
  const above = lying[lying.findIndex((layer) => layer.id === id) - 1];
  if (above?.content.type !== "group") return;
  const last = nearestFirst(above.children ?? []).at(-1);
  state.folded.delete(above.id);
  await place(id, above.id, last?.id ?? null);
}

/** Moves a layer out of its group, to right below it. */
export async function moveOut(id) {
  const { parent } = locate(state.scene, id);
  if (!parent) return;
  await place(id, locate(state.scene, parent.id).parent?.id ?? null, parent.id);
}

/** Adds a layer on top of the selected one, or on top of all. */
export async function add(layer) {
  const lead = state.selection.at(-1);
  const where = lead && locate(state.scene, lead);
  const isGroup = where?.layer.content.type === "group";
  const parent = isGroup ? where.layer.id : where?.parent?.id;
  const siblings = isGroup ? (where.layer.children ?? []) : (where?.siblings ?? state.scene.layers);
  const zIndex =
    isGroup || !where ? Math.max(0, ...siblings.map((other) => other.zIndex ?? 0)) : (where.layer.zIndex ?? 0);
  const index = isGroup || !where ? siblings.length : where.index + 1;
  await edit([{ op: "createLayer", layer: { ...layer, zIndex }, parent, index }], { label: `Add ${title(layer)}` });
  select([layer.id]);
}
