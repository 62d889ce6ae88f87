// What has happened since the page was opened.

import { h, reconcile, say, set } from "../dom.js";
import { state, touch, watch } from "../store.js";

const KINDS = [
  ["all", "Everything"],
  ["fault", "Faults"],
  ["edit", "Edits"],
  ["event", "Events"],
  ["output", "Outputs"],
];

/** Fills the panel. */
export function mountLog(panel) {
  const filter = h(
    "select",
    { "aria-label": "Show", onchange: () => draw() },
    KINDS.map(([value, label]) => h("option", { value }, label)),
  );
  const clear = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () => {
        state.log.length = 0;
        touch("log");
      },
    },
    "Clear",
  );
  const list = h("ol", { class: "log" });
  panel.append(
    h("div", { class: "place-tools" }, filter, h("span", { class: "grow" }), clear),
    h("div", { role: "log", "aria-label": "Events" }, list),
  );
  function draw() {
    const shown = state.log.filter(({ kind }) => filter.value === "all" || kind === filter.value).toReversed();
    reconcile(list, shown, ({ number }) => number, create);
    set(list, "data-empty", shown.length === 0 ? "Nothing has happened yet." : null);
    set(clear, "disabled", state.log.length === 0);
  }
  watch(["log"], draw);
}

function create({ at, kind, text, detail }) {
  const time = h("time", { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour12: false }));
  const row = h("li", { "data-kind": kind }, time, h("span", { class: "log-text" }));
  say(row.lastChild, detail ? `${text} – ${detail}` : text);
  return row;
}
