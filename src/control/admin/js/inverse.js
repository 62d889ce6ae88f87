// What takes edits back. Each edit is carried out on a copy of the scene, so that later ones of the batch see it.

import { locate } from "./scene.js";

/** The edits that undo `edits`, in the order in which they have to be sent; null if one of them cannot be undone. */
export function inverse(scene, edits) {
  const copy = structuredClone(scene);
  const undo = [];
  for (const edit of edits) {
    // It changes nothing.
    if (edit.op === "expect") continue;
    const back = STEPS[edit.op]?.(copy, edit);
    if (!back) return null;
    undo.unshift(back);
  }
  return undo;
}

const STEPS = {
  createLayer(scene, { layer, parent, index }) {
    insert(scene, structuredClone(layer), parent, index);
    return { op: "deleteLayer", id: layer.id };
  },
  deleteLayer(scene, { id }) {
    const place = remove(scene, id);
    return place && { op: "createLayer", layer: place.layer, parent: place.parent?.id, index: place.index };
  },
  moveLayer(scene, { id, parent, index }) {
    const place = remove(scene, id);
    if (!place) return null;
    insert(scene, place.layer, parent, index);
    return { op: "moveLayer", id, parent: place.parent?.id ?? null, index: place.index };
  },
  patchLayer(scene, { id, patch }) {
    const place = locate(scene, id);
    if (!place) return null;
    const back = reverse(place.layer, patch);
    merge(place.layer, patch);
    return { op: "patchLayer", id, patch: back };
  },
  replaceLayer(scene, { id, layer }) {
    const place = locate(scene, id);
    if (!place) return null;
    place.siblings[place.index] = structuredClone(layer);
    return { op: "replaceLayer", id, layer: place.layer };
  },
  setCanvas(scene, { canvas }) {
    const before = scene.canvas;
    scene.canvas = canvas;
    return { op: "setCanvas", canvas: before };
  },
  setAudio(scene, { audio }) {
    const before = scene.audio;
    scene.audio = audio;
    return { op: "setAudio", audio: before };
  },
};

function remove(scene, id) {
  const place = locate(scene, id);
  place?.siblings.splice(place.index, 1);
  return place;
}

function insert(scene, layer, parent, index) {
  const group = parent ? locate(scene, parent)?.layer : null;
  const siblings = group ? (group.children ??= []) : scene.layers;
  siblings.splice(index ?? siblings.length, 0, layer);
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON Merge Patch (RFC 7396). */
export function merge(target, patch) {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key];
    else if (isObject(value)) target[key] = merge(isObject(target[key]) ? target[key] : {}, value);
    else target[key] = value;
  }
  return target;
}

/** The patch that takes `patch` back from a document that is now `before`. */
function reverse(before, patch) {
  const back = {};
  for (const [key, value] of Object.entries(patch)) {
    const present = before[key];
    if (isObject(value) && isObject(present)) back[key] = reverse(present, value);
    else back[key] = present === undefined ? null : structuredClone(present);
  }
  return back;
}
