// The effects of a layer: what is done to its picture, in order. Each kind of value in one gets the field that fits.

import { h } from "../dom.js";
import { edit } from "../edits.js";
import * as fields from "../fields.js";
import { icon } from "../icons.js";
import { find, title } from "../scene.js";
import { state } from "../store.js";
import { fault } from "../toasts.js";
import { spaced } from "../words.js";

const KINDS = [
  "blur",
  "dropShadow",
  "glow",
  "outline",
  "colorAdjust",
  "tint",
  "grayscale",
  "chromaKey",
  "pixelate",
  "vignette",
  "roundedCorners",
];
const SHARES = new Set(["amount", "similarity", "smoothness", "spill", "softness"]);

/** A section for the effects of a layer. */
export function effectsSection(id, refreshers) {
  const list = h("div", {});
  const add = h(
    "select",
    { class: "wide", "aria-label": "Add an effect", id: "add-effect", onchange: () => addEffect(id, add) },
    h("option", { value: "" }, "Add an effect …"),
    KINDS.map((kind) => h("option", { value: kind }, spaced(kind))),
  );
  const element = h(
    "details",
    { class: "section" },
    h("summary", {}, "Effects"),
    list,
    h("div", { class: "fields" }, add),
  );
  let form = null;
  let shown = [];
  refreshers.push(([layer]) => {
    const effects = layer.effects ?? [];
    const now = JSON.stringify(effects.map((effect) => [effect.type, Object.keys(effect)]));
    if (now !== form) {
      form = now;
      shown = effects.map((effect, index) => effectFields(id, effect, index));
      list.replaceChildren(...shown.map((one) => one.element));
      if (effects.length > 0) element.open = true;
    }
    effects.forEach((effect, index) => shown[index].show(effect));
  });
  return element;
}

async function addEffect(id, select) {
  const type = select.value;
  select.value = "";
  if (type)
    await send(
      id,
      (effects) => [...effects, type === "blur" ? { type, radius: 8 } : { type }],
      `Add ${spaced(type).toLowerCase()}`,
    );
}

async function send(id, change, label) {
  const layer = find(state.scene, id);
  const patch = { effects: change(layer.effects ?? []) };
  await edit([{ op: "patchLayer", id, patch }], {
    label: `${label}: ${title(layer)}`,
    gesture: `${label} ${id}`,
  }).catch(fault);
}

function effectFields(id, effect, index) {
  const set = (key, value) =>
    send(id, (all) => all.map((one, at) => (at === index ? { ...one, [key]: value } : one)), spaced(effect.type));
  const made = Object.entries(effect)
    .filter(([key]) => key !== "type")
    .flatMap(([key, value]) => fieldsFor(key, value, set));
  const remove = h(
    "button",
    {
      type: "button",
      class: "quiet bare",
      "aria-label": `Remove ${spaced(effect.type).toLowerCase()}`,
      onclick: () => send(id, (all) => all.filter((_, at) => at !== index), "Remove effect"),
    },
    icon("trash"),
  );
  const element = h(
    "fieldset",
    { class: "effect" },
    h("legend", {}, spaced(effect.type)),
    remove,
    h(
      "div",
      { class: "fields" },
      made.map(({ field }) => field.element),
    ),
  );
  return { element, show: (now) => made.forEach(({ field, read }) => field.show(read(now))) };
}

function fieldsFor(key, value, set) {
  if (typeof value === "string" && value.startsWith("#")) {
    return [{ field: fields.color(spaced(key), (next) => set(key, next)), read: (now) => now[key] }];
  }
  if (typeof value === "object" && value !== null) {
    let present = value;
    return ["x", "y"].map((axis) => ({
      field: fields.figure(`${spaced(key)} ${axis.toUpperCase()}`, (next) => set(key, { ...present, [axis]: next })),
      read: (now) => {
        present = now[key];
        return now[key][axis];
      },
    }));
  }
  if (typeof value !== "number") return [];
  if (SHARES.has(key))
    return [{ field: fields.slider(spaced(key), (next) => set(key, next)), read: (now) => now[key] }];
  const step = Number.isInteger(value) && value > 2 ? 1 : 0.1;
  return [{ field: fields.figure(spaced(key), (next) => set(key, next), { step }), read: (now) => now[key] }];
}
