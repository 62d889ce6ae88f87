// The dialog in which an output is added or changed.

import { json, part, post } from "../api.js";
import { h, say, set } from "../dom.js";
import { note } from "../log.js";
import { fault, words } from "../toasts.js";
import { openDialog } from "./dialog.js";

const HINT =
  "rtmp://host/application/stream-key, a file such as show.mkv (show.jpg for thumbnails), or a folder with /index.m3u8 for HLS. " +
  "The key is kept and never shown again.";

/** Opens it for an output that there is, or for a new one if `present` is null. `done` is called when it was sent. */
export function askOutput(present, done) {
  const field = (name, label, value, attributes = {}) => {
    const id = `output-form-${name}`;
    const control = h("input", { type: "text", id, autocomplete: "off", spellcheck: "false", ...attributes });
    control.value = value;
    const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });
    set(control, "aria-describedby", error.id);
    return { control, error, parts: [h("label", { for: id }, label), control, error] };
  };
  const { retry } = present ?? {};
  const fields = {
    id: field("id", "Name", present?.id ?? "", { maxlength: 64 }),
    url: field("url", "Address or file", present?.url ?? ""),
    attempts: field("attempts", "Tries after a loss, empty for any number", retry?.attempts ?? "", {
      inputmode: "numeric",
    }),
    delay: field("delay", "Seconds before the first", retry?.delay ?? "", { inputmode: "decimal" }),
  };
  const submit = async (dialog) => {
    const url = fields.url.control.value.trim();
    // Of one that is there, what this form does not ask for stays as it is, whoever changed it meanwhile.
    const document = present ? { url, retry: null } : { id: fields.id.control.value.trim(), url };
    const [attempts, delay] = [fields.attempts, fields.delay].map(({ control }) => number(control.value));
    if (attempts !== undefined || delay !== undefined)
      document.retry = { attempts: attempts ?? null, ...(delay === undefined ? {} : { delay }) };
    for (const { control, error } of Object.values(fields)) {
      say(error, "");
      set(control, "aria-invalid", null);
    }
    try {
      if (present) await json("PATCH", `/api/stream/outputs/${part(present.id)}`, document);
      else await post("/api/stream/outputs", document);
    } catch (refused) {
      if (!blame(fields, refused)) fault(refused);
      return;
    }
    note("edit", `${present ? "Change" : "Add"} output ${present?.id ?? document.id}`);
    dialog.close();
    done();
  };
  openDialog(
    present ? `Change ${present.id}` : "Add an output",
    [
      ...(present ? [] : fields.id.parts),
      ...fields.url.parts,
      h("p", { class: "hint" }, HINT),
      ...fields.attempts.parts,
      ...fields.delay.parts,
      h(
        "div",
        { class: "buttons end" },
        h("button", { type: "submit", class: "primary" }, present ? "Change" : "Add"),
      ),
    ],
    { onsubmit: submit },
  );
  (present ? fields.url : fields.id).control.focus();
}

/** What was written as a number; what is none goes to the service as it is, which says what is wrong with it. */
function number(written) {
  const text = written.trim().replace(",", ".");
  if (text === "") return undefined;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Shows each fault at its field. Gives whether all have found theirs. */
function blame(fields, { errors = [] }) {
  const told = errors.map((error) => {
    const place = fields[error.pointer.split("/").at(-1)];
    if (!place) return false;
    say(place.error, words(error));
    set(place.control, "aria-invalid", "true");
    return true;
  });
  return told.length > 0 && told.every(Boolean);
}
