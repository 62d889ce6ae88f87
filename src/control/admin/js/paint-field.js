// A paint: one colour, or a gradient with its stops.

import { h, reconcile, set } from "./dom.js";
import * as fields from "./fields.js";
import { icon } from "./icons.js";

const KINDS = [
  ["solid", "One colour"],
  ["linear", "Linear"],
  ["radial", "Radial"],
  ["conic", "Conic"],
];

/** A field for a paint; `commit` gets the whole new paint. */
export function paint(label, commit, { isGradient = false } = {}) {
  let present = "#ffffff";
  const kind = fields.choice(label, (value) => commit(turned(present, value)), isGradient ? KINDS.slice(1) : KINDS);
  const solid = fields.color("Colour", (value) => commit(value));
  const angle = fields.figure("Angle", (value) => commit({ ...present, angle: value }), { step: 5 });
  const stops = h("div", { class: "stops" });
  const more = h(
    "button",
    { type: "button", class: "quiet", onclick: () => commit(withStop(present)) },
    icon("plus"),
    "Stop",
  );
  const made = new WeakMap();
  const stopField = (index) => {
    const change = (part) =>
      commit({ ...present, stops: present.stops.map((stop, at) => (at === index ? { ...stop, ...part } : stop)) });
    const color = fields.color(`Stop ${index + 1}`, (value) => change({ color: value }));
    const offset = fields.figure("At", (value) => change({ offset: value }), { min: 0, max: 1, step: 0.05 });
    const drop = h(
      "button",
      {
        type: "button",
        class: "quiet bare",
        "aria-label": `Remove stop ${index + 1}`,
        onclick: () => commit({ ...present, stops: present.stops.filter((_, at) => at !== index) }),
      },
      icon("close"),
    );
    const element = h("div", { class: "stop" }, color.element, offset.element, drop);
    made.set(element, { color, offset, drop });
    return element;
  };
  const element = h("div", { class: "field wide paint" }, kind.element, solid.element, angle.element, stops, more);
  const show = (value) => {
    present = value ?? "#ffffff";
    const isSolid = typeof present === "string";
    kind.show(isSolid ? "solid" : present.type);
    solid.element.hidden = !isSolid;
    angle.element.hidden = isSolid || present.type === "radial";
    stops.hidden = more.hidden = isSolid;
    if (isSolid) {
      solid.show(present);
      return;
    }
    angle.show(present.angle ?? 180);
    reconcile(
      stops,
      present.stops.map((stop, index) => ({ stop, index })),
      ({ index }) => index,
      ({ index }) => stopField(index),
      (row, { stop }) => {
        const { color, offset, drop } = made.get(row);
        color.show(stop.color);
        offset.show(stop.offset);
        set(drop, "disabled", present.stops.length <= 2);
      },
    );
  };
  return { element, show, blame: kind.blame };
}

/** The same paint as another kind, its colours kept where that can be. */
function turned(before, kind) {
  const stops = before.stops ?? [
    { offset: 0, color: before },
    { offset: 1, color: "#000000" },
  ];
  if (kind === "solid") return stops[0].color;
  return kind === "radial"
    ? { type: kind, stops }
    : { type: kind, angle: before.angle ?? (kind === "linear" ? 180 : 0), stops };
}

function withStop(before) {
  const [a, b] = before.stops.slice(-2);
  const middle = { offset: Math.round(((a.offset + b.offset) / 2) * 1000) / 1000, color: a.color };
  return { ...before, stops: [...before.stops.slice(0, -1), middle, b] };
}
