// The properties of the selected layers: of one all of them, of several those that all have.

import { guarded, may, notice } from "../access.js";
import { assetsById } from "../assets.js";
import { byId, h, say } from "../dom.js";
import { edit, patches } from "../edits.js";
import * as fields from "../fields.js";
import { contentFields, shapeOf } from "../content-fields.js";
import { sizeOf } from "../geometry.js";
import { icon } from "../icons.js";
import * as actions from "../layer-actions.js";
import { paint } from "../paint-field.js";
import { patchOf, pathOf, replacing, valueAt } from "../path.js";
import { find } from "../scene.js";
import { state, watch } from "../store.js";
import { fault } from "../toasts.js";
import { CONTENT, spaced } from "../words.js";
import { animationsSection } from "./animations.js";
import { effectsSection } from "./effects.js";
import { openSource } from "./source.js";

const TYPES = ["host", "assistant", "visualFeed", "overlay", "chat"].map((name) => [name, spaced(name)]);
const BLENDS = [
  "normal",
  "multiply",
  "screen",
  "overlay",
  "darken",
  "lighten",
  "colorDodge",
  "colorBurn",
  "hardLight",
  "softLight",
  "difference",
  "exclusion",
  "hue",
  "saturation",
  "color",
  "luminosity",
  "plusLighter",
].map((name) => [name, spaced(name)]);

const DEFAULTS = {
  visible: true,
  opacity: 1,
  zIndex: 0,
  blend: "normal",
  type: "overlay",
  name: "",
  "transform.position.x": 0,
  "transform.position.y": 0,
  "transform.rotation": 0,
  "transform.anchor.x": 0,
  "transform.anchor.y": 0,
  "transform.skew.x": 0,
  "transform.skew.y": 0,
};

let shown = null;

/** Fills the place for properties, and keeps it filled. */
export function mountProperties() {
  const [top, list] = [h("div", {}), guarded("control")];
  byId("property-list").append(top, notice("control", "Changing layers"), list);
  watch(["selection", "scene", "assets", "scope"], () => {
    const layers = state.selection.map((id) => find(state.scene, id)).filter(Boolean);
    const form = `${layers.map(({ id }) => id).join()} ${layers.length === 1 ? shapeOf(layers[0]) : ""} ${state.assets?.length} ${state.scope}`;
    if (shown?.form !== form) {
      shown = { form, ...build(layers) };
      top.replaceChildren(shown.head);
      list.replaceChildren(...shown.elements);
    }
    for (const refresh of shown.refreshers) refresh(layers);
  });
}

function build(layers) {
  if (layers.length === 0) {
    const words = "Select a layer in the list or in the preview to see and change its properties.";
    return { head: h("p", { class: "empty" }, words), elements: [], refreshers: [] };
  }
  const refreshers = [];
  const known = new Map();
  const section = (title, specs, isOpen = true) =>
    h(
      "details",
      { class: "section", open: isOpen },
      h("summary", {}, title),
      h(
        "div",
        { class: "fields" },
        specs.map((spec) => {
          const field = make(
            spec,
            layers.map(({ id }) => id),
            known,
          );
          known.set(spec[2], field);
          refreshers.push((now) => field.show(common(now, spec[2])));
          return field.element;
        }),
      ),
    );
  const several = layers.length > 1;
  const content = several ? [] : contentFields(layers[0]);
  const elements = [
    !several &&
      section("Layer", [
        ["text", "Name", "name", { id: "field-name", maxlength: 200, placeholder: layers[0].id }],
        ["choice", "Purpose", "type", TYPES],
      ]),
    section("Look", [
      ["toggle", "Visible", "visible"],
      ["slider", "Opacity", "opacity", { id: "field-opacity" }],
      ["choice", "Blend", "blend", BLENDS],
      ["figure", "Order (z)", "zIndex", { hint: "Higher is nearer to the viewer" }],
    ]),
    section("Position", [
      ["length", "X", "transform.position.x", { id: "field-x" }],
      ["length", "Y", "transform.position.y", { id: "field-y" }],
      ["scale", "Scale", "transform.scale"],
      ["figure", "Rotation °", "transform.rotation", { step: 1, wide: true }],
      ["figure", "Anchor X", "transform.anchor.x", { step: 0.1, hint: "0 is the left edge, 1 the right" }],
      ["figure", "Anchor Y", "transform.anchor.y", { step: 0.1, hint: "0 is the top edge, 1 the bottom" }],
      ["figure", "Skew X °", "transform.skew.x"],
      ["figure", "Skew Y °", "transform.skew.y"],
    ]),
    content.length > 0 && section(CONTENT[layers[0].content.type] ?? spaced(layers[0].content.type), content),
    !several && effectsSection(layers[0].id, refreshers),
    !several && animationsSection(layers[0].id, refreshers),
  ];
  return { head: head(layers, refreshers), elements: elements.filter(Boolean), refreshers };
}

function head(layers, refreshers) {
  const ids = layers.map(({ id }) => id);
  const tool = (name, label, run) =>
    h("button", { type: "button", class: "quiet bare", "aria-label": label, title: label, onclick: run }, icon(name));
  const title = h("p", { class: "subject" });
  refreshers.push((now) => say(title, now.length === 1 ? actions.named(ids) : `${now.length} layers`));
  return h(
    "div",
    { class: "subject-head" },
    h(
      "div",
      {},
      title,
      h(
        "p",
        { class: "hint" },
        layers.length === 1
          ? `${CONTENT[layers[0].content.type] ?? spaced(layers[0].content.type)} · ${ids[0]}`
          : "What is changed here changes all of them, in one frame.",
      ),
    ),
    h(
      "div",
      { class: "buttons" },
      layers.length === 1 && tool("code", "Edit as JSON", () => openSource(ids[0])),
      may("control") && tool("copy", "Duplicate", () => actions.duplicate(ids)),
      may("control") && tool("trash", "Delete", () => actions.remove(ids)),
    ),
  );
}

/** What all layers have at a path; undefined if they differ. */
function common(layers, path) {
  const values = layers.map(
    (layer) => valueAt(layer, path) ?? DEFAULTS[path] ?? (path === "transform.scale" ? 1 : null),
  );
  const first = JSON.stringify(values[0]);
  return values.every((value) => JSON.stringify(value) === first) ? values[0] : undefined;
}

function make([kind, label, path, options], ids, known) {
  const send = (value) => commit(ids, path, label, value, known);
  switch (kind) {
    case "choice": {
      const values = options.map((value) =>
        Array.isArray(value) ? value : [value, typeof value === "number" ? value : spaced(value)],
      );
      return fields.choice(label, (value) => send(typeof options[0] === "number" ? Number(value) : value), values);
    }
    case "asset": {
      const fitting = (state.assets ?? []).filter((asset) => asset.type === options).map(({ id }) => [id, id]);
      return fields.choice(label, send, fitting);
    }
    case "paint":
      return paint(label, send, options);
    case "scale":
      return scale(label, send);
    default:
      return fields[kind](label, send, options);
  }
}

/** One factor for both directions, or one for each. */
function scale(label, send) {
  let present = 1;
  const pair = () => (typeof present === "object" && present !== null ? present : { x: present ?? 1, y: present ?? 1 });
  const set1 = (part) => {
    const next = { ...pair(), ...part };
    send(linked.control.checked ? Object.values(part)[0] : next);
  };
  const x = fields.figure("Scale X", (value) => set1({ x: value }), { step: 0.05 });
  const y = fields.figure("Scale Y", (value) => set1({ y: value }), { step: 0.05 });
  const linked = fields.toggle("Keep sides in proportion", (on) => on && send(pair().x));
  let isKnown = false;
  return {
    element: h("div", { class: "fields wide" }, x.element, y.element, linked.element),
    blame: x.blame,
    show(value) {
      present = value;
      const both = value === undefined ? { x: undefined, y: undefined } : pair();
      x.show(both.x);
      y.show(both.y);
      if (!isKnown) linked.show(value === undefined || both.x === both.y);
      isKnown = true;
    },
  };
}

async function commit(ids, path, label, value, known) {
  const own = known.get(path);
  own?.blame("");
  const patch = (layer) => ({
    ...patchOf(path, replacing(valueAt(layer, path), value)),
    ...wholeSize(layer, path, value),
  });
  const options = { label: `${label} of ${actions.named(ids)}`, gesture: `${path} ${ids}` };
  try {
    await edit(patches(ids, patch), options);
  } catch (error) {
    const told = (error.errors ?? []).filter((one) => {
      const field = known.get(pathOf(one.pointer)) ?? (pathOf(one.pointer).startsWith(path) ? own : null);
      field?.blame(`Found ${one.found}, expected ${one.expected}.`);
      return field;
    });
    if (told.length === 0 || told.length < (error.errors ?? []).length) fault(error);
  }
}

/** A size has both sides or none: who gives a layer one side gets the other as it was. */
function wholeSize(layer, path, value) {
  const side = /^content\.size\.(width|height)$/.exec(path)?.[1];
  if (!side || layer.content.size) return {};
  const [width, height] = sizeOf(layer, state.scene, assetsById()) ?? [480, 270];
  return { content: { size: { width, height, [side]: value } } };
}
