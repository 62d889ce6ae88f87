// The animations of a layer: common ones to add, which play at once, and those that it has, to pause, play again or remove.

import { get, part, post } from "../api.js";
import { edit } from "../edits.js";
import { h, set } from "../dom.js";
import { icon, setIcon } from "../icons.js";
import { find, title } from "../scene.js";
import { state } from "../store.js";
import { attempt, fault } from "../toasts.js";
import { spaced } from "../words.js";
import { shifted } from "./overlay.js";

/** How far a layer slides in, as a part of the canvas. */
const WAY = 0.25;

/** By name: the animations that it adds, given what the layer has without any. */
const PRESETS = {
  fadeIn: ({ opacity }) => [{ property: "opacity", from: 0, to: opacity, duration: 0.6, easing: "easeOutCubic" }],
  fadeOut: ({ opacity }) => [{ property: "opacity", from: opacity, to: 0, duration: 0.6, easing: "easeInCubic" }],
  slideFromLeft: (layer) => slide(layer, "x", "width", -1),
  slideFromRight: (layer) => slide(layer, "x", "width", 1),
  slideFromBelow: (layer) => slide(layer, "y", "height", 1),
  popIn: ({ scale }) => [
    { property: "transform.scale", from: scaled(scale, 0.6), to: scale, duration: 0.5, easing: "easeOutBack" },
  ],
  pulse: ({ scale }) => [
    {
      property: "transform.scale",
      from: scale,
      to: scaled(scale, 1.08),
      duration: 0.8,
      easing: "easeInOutSine",
      ...WITHOUT_END,
    },
  ],
  blink: ({ opacity }) => [
    { property: "opacity", from: opacity, to: 0.15, duration: 0.5, easing: "easeInOutSine", ...WITHOUT_END },
  ],
  turn: ({ rotation }) => [
    { property: "transform.rotation", from: rotation, to: rotation + 360, duration: 6, repeat: "forever" },
  ],
};
const WITHOUT_END = { repeat: "forever", pingPong: true };

const scaled = (scale, by) =>
  typeof scale === "number" ? scale * by : Object.fromEntries(Object.entries(scale).map(([key, n]) => [key, n * by]));

function slide({ position }, axis, side, way) {
  const whole = state.scene.canvas[side];
  const from = shifted(position[axis], way * WAY * whole, whole);
  return [
    { property: `transform.position.${axis}`, from, to: position[axis], duration: 0.7, easing: "easeOutCubic" },
  ];
}

/** What a layer has where nothing is written. */
const authored = ({ opacity = 1, transform: { position, scale = 1, rotation = 0 } = {} }) => ({
  opacity,
  scale,
  rotation,
  position: { x: 0, y: 0, ...position },
});

/** A section for the animations of a layer. */
export function animationsSection(id, refreshers) {
  const list = h("ul", { class: "plain", id: "animations" });
  const add = h(
    "select",
    { class: "wide", "aria-label": "Add an animation", id: "add-animation", onchange: () => addPreset(id, add) },
    h("option", { value: "" }, "Add an animation …"),
    Object.keys(PRESETS).map((name) => h("option", { value: name }, spaced(name))),
  );
  const hint = h("p", { class: "hint wide" }, "One that has ended holds its last value until it is removed.");
  const element = h(
    "details",
    { class: "section" },
    h("summary", {}, "Animations"),
    list,
    h("div", { class: "fields" }, add, hint),
  );
  let form = null;
  refreshers.push(([layer]) => {
    const all = layer.animations ?? [];
    const now = JSON.stringify(all);
    if (now === form) return;
    form = now;
    list.replaceChildren(...all.map((animation, index) => line(id, animation, index)));
    set(hint, "hidden", all.length === 0);
    if (all.length > 0) {
      element.open = true;
      showStates(id, list);
    }
  });
  return element;
}

function line(id, animation, index) {
  const name = spaced(animation.property.replace(/^(transform|content)\./, "").replaceAll(".", " "));
  const tool = (picture, label, run) =>
    h(
      "button",
      { type: "button", class: "quiet bare", "aria-label": `${label} ${name}`, title: label, onclick: run },
      icon(picture),
    );
  return h(
    "li",
    { class: "line" },
    h("span", {}, name),
    h("span", { class: "hint" }, summary(animation)),
    h("button", {
      type: "button",
      class: "quiet bare",
      hidden: true,
      onclick: (event) => steer(id, index, event.currentTarget.dataset.verb, event.currentTarget.closest("li")),
    }),
    tool("reverse", "Play again", (event) => steer(id, index, "restart", event.currentTarget.closest("li"))),
    tool("trash", "Remove", () => send(id, (all) => all.filter((_, at) => at !== index), "Remove animation")),
  );
}

async function addPreset(id, select) {
  const name = select.value;
  select.value = "";
  const added = PRESETS[name]?.(authored(find(state.scene, id)));
  if (added) await send(id, (all) => [...all, ...added], spaced(name));
}

/** Steers one; its document stays as it is. */
async function steer(id, index, verb, row) {
  const answer = await attempt(() => post(`/api/stream/layers/${part(id)}/animations/${index}/${verb}`));
  if (answer?.animation) showState(row, answer.animation);
}

/** What can be done with each follows from where it stands. */
async function showStates(id, list) {
  try {
    const { animations } = await get(`/api/stream/layers/${part(id)}/animations`);
    for (const one of animations) showState(list.children[one.index], one);
  } catch {
    // The layer may be gone already, and the connection tells when the service is away.
  }
}

function showState(row, { state: playState }) {
  const button = row?.querySelector("button");
  if (!button) return;
  const isStill = playState === "paused" || playState === "idle";
  const label = isStill ? "Play" : "Pause";
  button.dataset.verb = isStill ? "play" : "pause";
  button.hidden = playState === "finished";
  set(button, "title", label);
  set(button, "aria-label", `${label} ${row.querySelector("span").textContent}`);
  setIcon(button, isStill ? "play" : "pause");
}

async function send(id, change, label) {
  const layer = find(state.scene, id);
  const patch = { animations: change(layer.animations ?? []) };
  try {
    return await edit([{ op: "patchLayer", id, patch }], { label: `${label}: ${title(layer)}` });
  } catch (error) {
    fault(error);
    return undefined;
  }
}

function summary({ delay, duration, repeat, keyframes = [] }) {
  const parts = [
    keyframes.length > 0 && `${keyframes.length} keyframes`,
    duration && `${duration} s`,
    delay > 0 && `after ${delay} s`,
    repeat && repeat !== 1 && (repeat === "forever" ? "forever" : `${repeat} times`),
  ];
  return parts.filter(Boolean).join(", ");
}
