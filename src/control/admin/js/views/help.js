// The keys that there are.

import { h } from "../dom.js";
import { allBindings, setSingleKeys, singleKeys } from "../keys.js";
import { openDialog } from "./dialog.js";

const IN_THE_LAYERS = [
  ["↑ ↓", "Go from layer to layer; with Shift select on"],
  ["← →", "Fold or unfold a group"],
  ["Space", "Select one more or one less"],
  ["Ctrl+A", "Select all"],
  ["Enter", "To the properties"],
  ["H", "Hide or show"],
  ["Alt+↑ Alt+↓", "Nearer to the viewer, or farther away"],
  ["Alt+→ Alt+←", "Into the group above, or out of the group"],
  ["Ctrl+D", "Duplicate"],
  ["F2", "Rename"],
  ["Delete", "Delete (can be undone)"],
];
const IN_THE_PREVIEW = [
  ["Arrow keys", "Move the selected layers by a pixel; with Shift by ten"],
  ["Escape", "Select nothing"],
];

/** Opens the help. */
export function openHelp() {
  const single = h("input", {
    type: "checkbox",
    checked: singleKeys(),
    onchange: ({ target }) => setSingleKeys(target.checked),
  });
  openDialog("Keys", [
    table(
      "Everywhere",
      allBindings().map(({ keys, about }) => [written(keys), about]),
    ),
    h("label", { class: "check" }, single, "Keys without Ctrl or Alt work everywhere"),
    table("In the layers", IN_THE_LAYERS),
    table("In the preview", IN_THE_PREVIEW),
  ]);
}

const written = (keys) =>
  keys
    .split("+")
    .map((key) => key.charAt(0).toUpperCase() + key.slice(1))
    .join("+");

function table(name, rows) {
  return h(
    "section",
    { class: "keys" },
    h("h3", {}, name),
    h(
      "dl",
      {},
      rows.flatMap(([keys, about]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, about)]),
    ),
  );
}
