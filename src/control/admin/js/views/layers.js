// The layers as a tree, the nearest to the viewer first.

import { may, offer } from "../access.js";
import { h, byId, say, set, reconcile } from "../dom.js";
import { icon, setIcon } from "../icons.js";
import { bind } from "../keys.js";
import * as actions from "../layer-actions.js";
import { rows, title } from "../scene.js";
import { select, startSelection } from "../selection.js";
import { startAssets } from "../assets.js";
import { state, touch, watch } from "../store.js";
import { openAdd } from "./add-layer.js";
import { startRowDrag } from "./row-drag.js";
import { startTreeKeys } from "./tree-keys.js";

/** Puts the layers onto the page. */
export function mountLayers() {
  const tree = byId("layer-tree");
  startSelection();
  startAssets();
  mountTools();
  startTreeKeys(tree);
  startRowDrag(tree);
  watch(["scene", "selection", "folded", "active", "scope"], () => state.scene && draw(tree));
  tree.addEventListener("click", (event) => press(event));
  tree.addEventListener("dblclick", (event) => {
    if (rowOf(event.target) && !event.target.closest("button")) byId("field-name")?.focus();
  });
  bind("l", "To the layers", () => tree.querySelector('[tabindex="0"]')?.focus());
  bind("n", "Add a layer", openAdd, "control");
}

function mountTools() {
  const tool = (name, label, run) =>
    h("button", { type: "button", class: "quiet bare", "aria-label": label, onclick: run }, icon(name));
  const needing = [
    tool("group", "Group", () => actions.group(state.selection)),
    tool("copy", "Duplicate", () => actions.duplicate(state.selection)),
    tool("trash", "Delete", () => actions.remove(state.selection)),
  ];
  const add = h(
    "button",
    { type: "button", class: "quiet", id: "add-layer", onclick: openAdd },
    icon("plus"),
    h("span", {}, "Add"),
  );
  byId("layer-tools").append(...needing, add);
  watch(["selection", "scope"], () => {
    for (const button of needing)
      offer(button, "control", { disabled: state.selection.length === 0, title: button.ariaLabel });
    offer(add, "control", { title: "Add a layer (N)" });
  });
}

/** The row that something is in. */
export const rowOf = (target) => target.closest("[role=treeitem]");

function draw(tree) {
  const all = rows(state.scene.layers, state.folded);
  const focused = tree.contains(document.activeElement) ? document.activeElement : null;
  reconcile(tree, all, ({ layer }) => layer.id, create, show);
  // The browser takes the focus from elements that move.
  if (focused?.isConnected && document.activeElement !== focused) focused.focus();
  const lead = state.selection.at(-1);
  const stop = all.some(({ layer }) => layer.id === lead) ? lead : all[0]?.layer.id;
  for (const row of tree.children) {
    // A row that has the focus keeps it, though another one leads.
    const isStop = tree.contains(document.activeElement)
      ? row === rowOf(document.activeElement)
      : row.dataset.key === stop;
    set(row, "tabindex", isStop ? "0" : "-1");
  }
  if (!tree.querySelector('[tabindex="0"]')) set(tree.firstElementChild ?? tree, "tabindex", "0");
  set(tree, "data-empty", all.length === 0 ? "No layers yet. Add one with the button above." : null);
}

function create() {
  const eye = h("button", { type: "button", class: "quiet bare eye", tabindex: "-1" });
  return h(
    "div",
    { class: "row", role: "treeitem" },
    h("span", { class: "twist", "aria-hidden": "true" }, icon("chevron")),
    h("span", { class: "kind" }),
    h("span", { class: "row-name" }),
    h("span", { class: "row-note" }),
    h("span", { class: "grip", "aria-hidden": "true" }, icon("grip")),
    eye,
  );
}

function show(row, { layer, depth, parent }) {
  const [twist, kind, name, note, , eye] = row.children;
  const isGroup = layer.content.type === "group";
  const isVisible = layer.visible !== false;
  const isSelected = state.selection.includes(layer.id);
  set(row, "aria-level", depth + 1);
  set(row, "aria-selected", String(isSelected));
  set(row, "aria-expanded", isGroup ? String(!state.folded.has(layer.id)) : null);
  set(row, "data-hidden", !isVisible);
  set(row, "data-parent", parent?.id ?? null);
  row.style.setProperty("--depth", depth);
  twist.classList.toggle("leaf", !isGroup);
  setIcon(kind, layer.content.type);
  say(name, title(layer));
  const opacity = layer.opacity ?? 1;
  const faded = opacity < 1 ? `${Math.round(opacity * 100)} %` : "";
  const active = layer.id === state.active ? "active" : "";
  say(note, [active, faded].filter(Boolean).join(" · "));
  set(row, "aria-label", [title(layer), active, faded, !isVisible && "hidden"].filter(Boolean).join(", "));
  setIcon(eye, isVisible ? "eye" : "hidden");
  set(eye, "aria-label", `${isVisible ? "Hide" : "Show"} ${title(layer)}`);
  set(eye, "aria-pressed", String(isVisible));
  offer(eye, "control");
}

function press(event) {
  const row = rowOf(event.target);
  if (!row) {
    select([]);
    return;
  }
  const id = row.dataset.key;
  if (event.target.closest(".eye")) {
    if (!may("control")) return;
    actions.setVisible(state.selection.includes(id) ? [id, ...state.selection.filter((other) => other !== id)] : [id]);
  } else if (event.target.closest(".twist:not(.leaf)")) {
    fold(id, !state.folded.has(id));
  } else {
    choose(row, event);
  }
}

/** Selects by a row: alone, one more with Ctrl, up to it with Shift. */
export function choose(row, { ctrlKey, metaKey, shiftKey }) {
  const id = row.dataset.key;
  const { selection } = state;
  row.focus();
  if (ctrlKey || metaKey) {
    select(selection.includes(id) ? selection.filter((other) => other !== id) : [...selection, id]);
  } else if (shiftKey && selection.length > 0) {
    const all = [...row.parentElement.children].map((other) => other.dataset.key);
    const [from, to] = [all.indexOf(selection[0]), all.indexOf(id)].sort((a, b) => a - b);
    const range = all.slice(Math.max(0, from), to + 1).filter((other) => other !== selection[0]);
    select([selection[0], ...range.filter((other) => other !== id), id]);
  } else {
    select([id]);
  }
}

/** Folds a group, or unfolds it. */
export function fold(id, isFolded) {
  if (isFolded) state.folded.add(id);
  else state.folded.delete(id);
  touch("folded");
}
