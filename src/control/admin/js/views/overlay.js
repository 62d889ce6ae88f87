// What lies over the preview: the boxes of the selected layers, which can be moved by dragging and by arrow keys.

import { may } from "../access.js";
import { edit, inTurn, latest } from "../edits.js";
import { s, set } from "../dom.js";
import { corners, isInside, pixels, placed } from "../geometry.js";
import { assetsById } from "../assets.js";
import { find, title } from "../scene.js";
import { select } from "../selection.js";
import { state, watch } from "../store.js";
import { fault } from "../toasts.js";

const THRESHOLD = 3;

/** Lets layers be selected and moved on `overlay`. */
export function startOverlay(overlay) {
  const areas = s("g", { class: "areas" });
  const boxes = s("g", { class: "boxes" });
  overlay.append(areas, boxes);
  watch(["scene", "selection", "assets"], () => {
    if (!state.scene) return;
    const { width, height, fit } = state.scene.canvas;
    set(overlay, "viewBox", `0 0 ${width} ${height}`);
    set(overlay, "preserveAspectRatio", { fill: "none", cover: "xMidYMid slice" }[fit] ?? "xMidYMid meet");
    drawAreas(areas, state.scene.canvas);
    drawBoxes(boxes);
  });
  overlay.addEventListener("pointerdown", (event) => press(overlay, event));
  overlay.addEventListener("keydown", nudgeByKey);
}

function drawAreas(group, { width, height, safeAreas }) {
  const area = (share, name) => {
    const [x, y] = [pixels(share, width), pixels(share, height)];
    return s("rect", { class: name, x, y, width: Math.max(0, width - 2 * x), height: Math.max(0, height - 2 * y) });
  };
  group.replaceChildren(area(safeAreas?.action ?? "3.5%", "action"), area(safeAreas?.title ?? "5%", "title"));
}

function drawBoxes(group) {
  const all = placed(state.scene, assetsById());
  const chosen = all.filter(({ layer }) => state.selection.includes(layer.id));
  group.replaceChildren(
    ...chosen.flatMap((place) => {
      const points = corners(place);
      const { x, y } = anchorOf(place);
      return [
        points && s("polygon", { points: points.map((point) => point.join()).join(" ") }),
        s("circle", { cx: x, cy: y, r: 0.006 * state.scene.canvas.width }),
      ].filter(Boolean);
    }),
  );
}

/** Where the anchor of a placed layer lies on the canvas. */
function anchorOf({ layer, parentMatrix }) {
  const { x, y } = layer.transform?.position ?? {};
  const { width, height } = state.scene.canvas;
  return parentMatrix.transformPoint({ x: pixels(x, width), y: pixels(y, height) });
}

function onCanvas(overlay, event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(overlay.getScreenCTM().inverse());
}

function press(overlay, event) {
  if (event.button !== 0 || !state.scene || state.connection !== "open") return;
  const from = onCanvas(overlay, event);
  const hits = placed(state.scene, assetsById()).filter((place) => isVisible(place.layer) && isInside(place, from));
  const onSelected = isOnSelected(from) || hits.some(({ layer }) => state.selection.includes(layer.id));
  const hit = hits.at(-1)?.layer.id;
  if (event.shiftKey && hit) {
    select(state.selection.includes(hit) ? state.selection.filter((id) => id !== hit) : [...state.selection, hit]);
  } else if (!onSelected) {
    select(hit ? [hit] : []);
  }
  if (state.selection.length === 0 || !may("control")) return;
  drag(overlay, event, from, onSelected && !event.shiftKey ? hit : undefined);
}

const isVisible = (layer) => layer.visible !== false && (layer.opacity ?? 1) > 0;

/** Whether a point is in the box of a selected layer: groups have no pixels of their own to be hit. */
function isOnSelected({ x, y }) {
  return placed(state.scene, assetsById()).some((place) => {
    if (!state.selection.includes(place.layer.id) || !place.bounds) return false;
    const { left, top, right, bottom } = place.bounds;
    return x >= left && x <= right && y >= top && y <= bottom;
  });
}

/** Follows the pointer. A press that moved nothing selects `otherwise`. */
function drag(overlay, event, from, otherwise) {
  const began = { x: event.clientX, y: event.clientY };
  const moves = movable();
  const gesture = `drag ${performance.now()}`;
  const send = latest((offset) => move(moves, offset, gesture));
  let isDragging = false;
  const follow = (next) => {
    if (!isDragging && Math.hypot(next.clientX - began.x, next.clientY - began.y) < THRESHOLD) return;
    isDragging = true;
    overlay.classList.add("dragging");
    const point = onCanvas(overlay, next);
    send({ x: point.x - from.x, y: point.y - from.y });
  };
  const end = () => {
    overlay.removeEventListener("pointermove", follow);
    overlay.classList.remove("dragging");
    if (!isDragging && otherwise) select([otherwise]);
  };
  overlay.setPointerCapture(event.pointerId);
  overlay.addEventListener("pointermove", follow);
  overlay.addEventListener("pointerup", end, { once: true });
  overlay.addEventListener("pointercancel", end, { once: true });
}

/** The selected layers, but those that move with a selected group, and what is needed to move them. */
function movable() {
  const all = placed(state.scene, assetsById());
  const chosen = all.filter(({ layer }) => state.selection.includes(layer.id));
  const isInChosen = (id) => chosen.some(({ layer }) => layer.id !== id && contains(layer, id));
  return chosen
    .filter(({ layer }) => !isInChosen(layer.id))
    .map(({ layer, parentMatrix }) => ({
      id: layer.id,
      position: { x: 0, y: 0, ...layer.transform?.position },
      back: parentMatrix.inverse(),
    }));
}

const contains = (group, id) => (group.children ?? []).some((child) => child.id === id || contains(child, id));

async function move(moves, offset, gesture) {
  const { width, height } = state.scene.canvas;
  const edits = moves.map(({ id, position, back }) => {
    // The offset is the canvas's; the position is the group's, whose origin does not matter for it.
    const zero = back.transformPoint({ x: 0, y: 0 });
    const own = back.transformPoint(offset);
    const [x, y] = [own.x - zero.x, own.y - zero.y];
    return {
      op: "patchLayer",
      id,
      patch: { transform: { position: { x: shifted(position.x, x, width), y: shifted(position.y, y, height) } } },
    };
  });
  const label =
    moves.length === 1 ? `Move ${title(find(state.scene, moves[0].id) ?? moves[0])}` : `Move ${moves.length} layers`;
  await edit(edits, { label, gesture }).catch(fault);
}

/** A length that is longer by so many pixels, in its own unit. */
export function shifted(length, by, whole) {
  if (typeof length !== "string") return Math.round((length + by) * 100) / 100;
  return `${Math.round((parseFloat(length) + (by / whole) * 100) * 1000) / 1000}%`;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function nudgeByKey(event) {
  if (event.key === "Escape") select([]);
  const arrow = ARROWS[event.key];
  if (!arrow || event.ctrlKey || event.altKey || event.metaKey || state.selection.length === 0) return;
  event.preventDefault();
  const far = event.shiftKey ? 10 : 1;
  nudge(arrow[0] * far, arrow[1] * far);
}

/** Moves the selected layers by canvas pixels. One after the other: each begins where the one before has led to. */
export function nudge(x, y) {
  inTurn(() => move(movable(), { x, y }, "nudge"));
}
