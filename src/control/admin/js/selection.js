// Which layers are being worked on.

import { ids } from "./scene.js";
import { state, update, watch } from "./store.js";

/** Selects these layers, the last one leading. */
export function select(layers) {
  update({ selection: [...new Set(layers)] });
}

/** Lets go of layers that are gone. */
export function startSelection() {
  watch(["scene"], () => {
    const all = ids(state.scene);
    if (state.selection.some((id) => !all.has(id))) select(state.selection.filter((id) => all.has(id)));
  });
}
