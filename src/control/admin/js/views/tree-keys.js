// The tree by keyboard, as the ARIA practices describe it, and with keys to edit.

import { byId } from "../dom.js";
import { inTurn } from "../edits.js";
import { keyName } from "../keys.js";
import * as actions from "../layer-actions.js";
import { select } from "../selection.js";
import { state } from "../store.js";
import { choose, fold, rowOf } from "./layers.js";

/** Listens to the keys of the tree. */
export function startTreeKeys(tree) {
  tree.addEventListener("keydown", (event) => {
    const row = rowOf(event.target);
    if (!row) return;
    const id = row.dataset.key;
    const chosen = state.selection.includes(id) ? state.selection : [id];
    const run = {
      arrowdown: () => go(row.nextElementSibling),
      arrowup: () => go(row.previousElementSibling),
      "shift+arrowdown": () => extend(row, row.nextElementSibling),
      "shift+arrowup": () => extend(row, row.previousElementSibling),
      home: () => go(tree.firstElementChild),
      end: () => go(tree.lastElementChild),
      arrowright: () => inward(row),
      arrowleft: () => outward(tree, row),
      space: () => choose(row, { ctrlKey: true }),
      enter: () => byId("property-list").querySelector("input, select, textarea, button")?.focus(),
      f2: () => byId("field-name")?.focus(),
      h: () => inTurn(() => actions.setVisible([id, ...chosen.filter((other) => other !== id)])),
      delete: () => focusLead(() => actions.remove(chosen)),
      backspace: () => focusLead(() => actions.remove(chosen)),
      "ctrl+a": () => select([...tree.children].map((other) => other.dataset.key)),
      "ctrl+d": () => focusLead(() => actions.duplicate(chosen)),
      "ctrl+g": () => focusLead(() => actions.group(chosen)),
      "alt+arrowup": () => inTurn(() => actions.shift(id, -1)),
      "alt+arrowdown": () => inTurn(() => actions.shift(id, 1)),
      "alt+arrowright": () => inTurn(() => actions.moveIn(id)),
      "alt+arrowleft": () => inTurn(() => actions.moveOut(id)),
      escape: () => select([]),
    }[keyName(event)];
    if (!run) return;
    event.preventDefault();
    run();
  });
}

function go(row) {
  if (!row) return;
  select([row.dataset.key]);
  focusRow(row);
}

function focusRow(row) {
  for (const other of row.parentElement.children) other.tabIndex = other === row ? 0 : -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function extend(row, next) {
  if (!next) return;
  const isShrinking = state.selection.includes(next.dataset.key) && state.selection.at(-1) === row.dataset.key;
  if (isShrinking)
    select([...state.selection.filter((id) => id !== row.dataset.key && id !== next.dataset.key), next.dataset.key]);
  else
    select(
      [...new Set([...state.selection, row.dataset.key])]
        .filter((id) => id !== next.dataset.key)
        .concat(next.dataset.key),
    );
  focusRow(next);
}

function inward(row) {
  const isOpen = row.getAttribute("aria-expanded");
  if (isOpen === "false") fold(row.dataset.key, false);
  else if (isOpen === "true" && row.nextElementSibling?.dataset.parent === row.dataset.key) go(row.nextElementSibling);
}

function outward(tree, row) {
  if (row.getAttribute("aria-expanded") === "true") fold(row.dataset.key, true);
  else go([...tree.children].find((other) => other.dataset.key === row.dataset.parent));
}

/** Gives the focus to the row that leads after something was done: the one before may be gone. */
async function focusLead(work) {
  await inTurn(work);
  const tree = byId("layer-tree");
  const lead = [...tree.children].find((row) => row.dataset.key === state.selection.at(-1));
  const isHere = document.activeElement === document.body || tree.contains(document.activeElement);
  if (lead && isHere) focusRow(lead);
}
