// A layer's document as JSON: all that there is, also what has no field.

import { may } from "../access.js";
import { part, send } from "../api.js";
import { edit } from "../edits.js";
import { h, say, set } from "../dom.js";
import { title } from "../scene.js";
import { fault, words } from "../toasts.js";
import { openDialog } from "./dialog.js";

const CHANGED =
  "This layer was changed by somebody else while the dialog was open. Copy what you need, close it, and open it again.";

/** The document of a layer, and the tag of its version; undefined if it cannot be had. */
async function read(id) {
  try {
    const response = await send("GET", `/api/stream/layers/${part(id)}`);
    // In a batch it stands without the quotation marks that headers have.
    return { layer: await response.json(), etag: response.headers.get("etag")?.replaceAll('"', "") };
  } catch (refused) {
    fault(refused);
    return undefined;
  }
}

/** Opens the document of a layer. */
export async function openSource(id) {
  const { layer, etag } = (await read(id)) ?? {};
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
      // All of the document is replaced: what others did to it meanwhile would be lost.
      const expect = { op: "expect", document: { type: "layer", id }, etags: etag ? [etag] : undefined };
      const label = `Edit ${title(layer)} as JSON`;
      await edit([expect, { op: "replaceLayer", id, layer: document }], { label });
      dialog.close();
    } catch (error) {
      if (error.status === 412) tell([CHANGED]);
      else tell(error.errors?.length > 0 ? error.errors.slice(0, 8).map(words) : [error.message]);
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
