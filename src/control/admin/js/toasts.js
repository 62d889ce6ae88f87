// Short messages that come by themselves and can be sent away; those that tell of a fault stay longer.

import { byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { brief } from "./words.js";

/** Shows a message, its long lists cut short. `action` is `{ label, run }`. */
export function toast(text, { kind = "note", detail = [], action, seconds = kind === "fault" ? 12 : 6 } = {}) {
  const region = byId("toasts");
  const close = () => element.remove();
  const button =
    action &&
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        onclick: () => {
          close();
          action.run();
        },
      },
      action.label,
    );
  // Beside few words there is room for it, below many.
  const isLong = kind === "fault";
  const element = h(
    "div",
    { class: `toast ${kind}`, role: kind === "fault" ? "alert" : "status" },
    icon(kind === "fault" ? "warning" : "check"),
    h(
      "div",
      { class: "toast-text" },
      h("p", {}, brief(text)),
      detail.length > 0 &&
        h(
          "ul",
          {},
          detail.map((line) => h("li", {}, brief(line))),
        ),
      isLong && button,
    ),
    !isLong && button,
    h("button", { type: "button", class: "quiet bare", "aria-label": "Dismiss", onclick: close }, icon("close")),
  );
  // The same message twice would only hide the picture.
  for (const other of region.children) if (other.querySelector("p").textContent === brief(text)) other.remove();
  while (region.childElementCount > 3) region.firstElementChild.remove();
  region.append(element);
  let timer = setTimeout(close, seconds * 1000);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => {
    timer = setTimeout(close, 3000);
  });
}

/** Shows what went wrong, with each fault of the document, and what it was that was not done, if that is told. */
export function fault(error, undone) {
  if (error.status === 401 || error.name === "AbortError") return;
  const faults = error.errors ?? [];
  const lines = faults.length > 1 ? faults.slice(0, 5).map(words) : [];
  const said = faults.length === 1 ? words(faults[0]) : error.message;
  toast(undone ? `Not done: ${undone}` : said, { kind: "fault", detail: undone ? [said, ...lines] : lines });
}

/** A fault of a document in words. */
export function words({ pointer, found, expected, nearest }) {
  const place = pointer
    .split("/")
    .slice(1)
    .filter((name) => !/^(edits|patch|layer)$/.test(name))
    .join(" › ");
  return `${place ? `${place}: ` : ""}found ${found}, expected ${expected}${nearest ? `; did you mean ${nearest}?` : ""}`;
}

/** Runs something; what goes wrong is shown. Gives undefined then. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    fault(error);
    return undefined;
  }
}
