// A layer's document as JSON: all that there is, also what has no field.

import { may } from "../access.js";
import { edit } from "../edits.js";
import { h, say, set } from "../dom.js";
import { find, title } from "../scene.js";
import { state } from "../store.js";
import { words } from "../toasts.js";
import { openDialog } from "./dialog.js";

/** Opens the document of a layer. */
export function openSource(id) {
  const layer = find(state.scene, id);
  if (!layer) return;
  const text = h("textarea", {
    class: "source",
    id: "source",
    spellcheck: "false",
    rows: 20,
    readonly: !may("control"),
    "aria-describedby": "source-error",
  });
  text.value = JSON.stringify(layer, null, 2);
  const faults = h("div", { id: "source-error", class: "field-error", role: "alert" });
  const tell = (lines) => {
    faults.replaceChildren(...lines.map((line) => h("p", {}, line)));
    set(text, "aria-invalid", lines.length > 0 ? "true" : null);
  };
  const submit = async (dialog) => {
    let document;
    try {
      document = JSON.parse(text.value);
    } catch (error) {
      tell([`This is not JSON: ${error.message}`]);
      return;
    }
    try {
      await edit([{ op: "replaceLayer", id, layer: document }], { label: `Edit ${title(layer)} as JSON` });
      dialog.close();
    } catch (error) {
      tell(error.errors?.length > 0 ? error.errors.slice(0, 8).map(words) : [error.message]);
    }
  };
  const name = h("label", { for: "source", class: "unseen" });
  say(name, "Document");
  openDialog(
    `${title(layer)} as JSON`,
    [
      name,
      text,
      faults,
      may("control") &&
        h("div", { class: "buttons end" }, h("button", { type: "submit", class: "primary" }, "Apply")),
    ],
    may("control") ? { onsubmit: submit } : {},
  );
  text.focus();
}
