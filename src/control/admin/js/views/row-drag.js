// Reordering by dragging rows: with a mouse or pen anywhere on a row, with a finger by its grip.

import { may } from "../access.js";
import { h } from "../dom.js";
import { place } from "../layer-actions.js";
import { find, isWithin, locate, nearestFirst } from "../scene.js";
import { select } from "../selection.js";
import { state } from "../store.js";
import { rowOf } from "./layers.js";

const THRESHOLD = 5;
/** Pixels from the edge at which the list scrolls, and by how many. */
const EDGE = { near: 28, by: 8 };

/** Lets rows of `tree` be dragged. */
export function startRowDrag(tree) {
  tree.addEventListener("pointerdown", (event) => {
    const row = rowOf(event.target);
    const isGrip = event.target.closest(".grip");
    if (!row || event.button !== 0 || event.target.closest("button") || !may("control")) return;
    if (event.pointerType === "touch" && !isGrip) return;
    if (isGrip) event.preventDefault();
    follow(tree, row, event);
  });
}

function follow(tree, row, { clientX, clientY, pointerId }) {
  const id = row.dataset.key;
  const line = h("div", { class: "drop-line", "aria-hidden": "true" });
  let target = null;
  let isDragging = false;
  const move = (event) => {
    if (!isDragging) {
      if (Math.hypot(event.clientX - clientX, event.clientY - clientY) < THRESHOLD) return;
      isDragging = true;
      if (!state.selection.includes(id)) select([id]);
      tree.setPointerCapture(pointerId);
      tree.classList.add("dragging");
      tree.parentElement.append(line);
    }
    scroll(tree, event.clientY);
    target = targetAt(tree, id, event);
    show(tree, line, target);
  };
  const end = (event) => {
    for (const [name, listener] of listeners) tree.removeEventListener(name, listener);
    document.removeEventListener("keydown", cancel, true);
    line.remove();
    tree.classList.remove("dragging");
    show(tree, line, null);
    if (!isDragging) return;
    // The click that follows on a drag selects nothing.
    const swallow = (click) => click.stopPropagation();
    tree.addEventListener("click", swallow, { capture: true });
    setTimeout(() => tree.removeEventListener("click", swallow, { capture: true }), 0);
    if (event.type === "pointerup" && target) place(id, target.parent, target.above);
  };
  const cancel = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    end(event);
  };
  const listeners = [
    ["pointermove", move],
    ["pointerup", end],
    ["pointercancel", end],
  ];
  for (const [name, listener] of listeners) tree.addEventListener(name, listener);
  document.addEventListener("keydown", cancel, true);
}

/** Where a layer goes that is dropped here: below which sibling in which group. */
function targetAt(tree, id, { clientX, clientY }) {
  const moving = find(state.scene, id);
  const all = [...tree.children];
  const row = all.find((other) => clientY < other.getBoundingClientRect().bottom) ?? all.at(-1);
  if (!row || !moving || isWithin(moving, row.dataset.key)) return null;
  const box = row.getBoundingClientRect();
  const share = (clientY - box.top) / box.height;
  const over = locate(state.scene, row.dataset.key);
  const isGroup = over.layer.content.type === "group";
  const isOpen = isGroup && !state.folded.has(over.layer.id) && (over.layer.children?.length ?? 0) > 0;
  if (isGroup && share > 0.3 && (share < 0.7 || isOpen)) {
    return { row, side: isOpen && share >= 0.7 ? "below" : "in", parent: over.layer.id, above: null, depth: 1 };
  }
  if (share < 0.5) {
    const lying = nearestFirst(over.siblings).filter((layer) => layer.id !== id);
    const at = lying.findIndex((layer) => layer.id === over.layer.id);
    return { row, side: "above", parent: over.parent?.id ?? null, above: lying[at - 1]?.id ?? null, depth: 0 };
  }
  // Below the last of a group: how far to the left the pointer is says whether it is meant to leave the group.
  let below = over;
  let depth = 0;
  while (
    below.parent &&
    nearestFirst(below.siblings).at(-1).id === below.layer.id &&
    clientX < indent(row, depth - 1)
  ) {
    below = locate(state.scene, below.parent.id);
    depth -= 1;
  }
  return { row, side: "below", parent: below.parent?.id ?? null, above: below.layer.id, depth };
}

/** Where the name of a row that is so much deeper than `row` would begin. */
function indent(row, deeper) {
  const depth = Number(row.getAttribute("aria-level")) + deeper;
  return row.getBoundingClientRect().left + depth * 16 + 40;
}

function show(tree, line, target) {
  for (const row of tree.children) row.classList.toggle("drop-in", target?.side === "in" && row === target.row);
  line.hidden = !target || target.side === "in";
  if (line.hidden) return;
  const [box, outer] = [target.row.getBoundingClientRect(), tree.parentElement.getBoundingClientRect()];
  const depth = Number(target.row.getAttribute("aria-level")) - 1 + target.depth;
  line.style.setProperty("top", `${(target.side === "above" ? box.top : box.bottom) - outer.top - 1}px`);
  line.style.setProperty("left", `${12 + depth * 16}px`);
}

function scroll(tree, y) {
  const { top, bottom } = tree.getBoundingClientRect();
  if (y < top + EDGE.near) tree.scrollTop -= EDGE.by;
  else if (y > bottom - EDGE.near) tree.scrollTop += EDGE.by;
}
