// Where the stream goes to, and how it gets there; outputs are added, changed, started, stopped and removed.

import { guarded, may, notice } from "../access.js";
import { get, json, part, post } from "../api.js";
import { h, reconcile, s, say, set } from "../dom.js";
import { icon } from "../icons.js";
import { note } from "../log.js";
import { state, update, watch } from "../store.js";
import { attempt } from "../toasts.js";
import { bitrate, bytes, spaced } from "../words.js";
import { openDialog } from "./dialog.js";
import { spark } from "./figures.js";
import { askOutput } from "./output-form.js";

const PATH = "/api/stream/outputs";

/** Fills the panel. */
export function mountOutputs(panel) {
  const list = h("ul", { class: "cards plain" });
  const add = h(
    "button",
    { type: "button", id: "add-output", class: "quiet", onclick: () => askOutput(null, load) },
    icon("plus"),
    h("span", {}, "Add an output"),
  );
  const tools = h("div", { class: "place-tools" }, h("span", { class: "grow" }), add);
  watch(["scope"], () => {
    tools.hidden = !may("admin");
  });
  panel.append(
    notice("control", "Starting and stopping outputs"),
    notice("admin", "Adding, changing and removing outputs"),
    tools,
    guarded("control", list),
  );
  async function load() {
    if (state.connection !== "open") return;
    const answer = await attempt(() => get(PATH));
    if (answer) update({ outputDocuments: answer.outputs });
  }
  watch(["outputs", "outputDocuments", "scope"], () => {
    reconcile(
      list,
      state.outputs,
      ({ id }) => id,
      ({ id }) => create(id, load),
      show,
    );
    set(list, "data-empty", state.outputs.length === 0 ? "No outputs: the stream goes nowhere." : null);
  });
  watch(["outputChanged", "connection"], () => !panel.hidden && load());
  return load;
}

function create(id, load) {
  const button = (verb, name, label, run) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet bare",
        "data-verb": verb,
        title: label,
        "aria-label": `${label}: ${id}`,
        onclick: run,
      },
      icon(name),
    );
  return h(
    "li",
    { class: "card", id: `output-${id}` },
    h(
      "div",
      { class: "card-head" },
      h("strong", {}, id),
      h("span", { class: "pill" }),
      h("span", { class: "grow" }),
      h("span", { class: "rate" }),
      s(
        "svg",
        { class: "sparkline", viewBox: "0 0 96 24", preserveAspectRatio: "none", "aria-hidden": "true" },
        s("polyline", {}),
      ),
    ),
    h("p", { class: "address" }),
    h("p", { class: "hint" }),
    h("p", { class: "field-error" }),
    h(
      "div",
      { class: "buttons" },
      button("start", "play", "Start", () => steer(id, "start", load)),
      button("stop", "stop", "Stop", () => steer(id, "stop", load)),
      button("edit", "pencil", "Change", () => edit(id, load)),
      button("remove", "trash", "Remove", () => askRemoval(id, load)),
    ),
  );
}

function show(card, { id, url, state: condition, bytes: sent, droppedFrames, reconnects, lastError, rate = [] }) {
  const [head, address, figures, error] = card.children;
  const pill = head.querySelector(".pill");
  pill.dataset.state = condition;
  say(pill, spaced(condition));
  say(head.querySelector(".rate"), condition === "started" ? bitrate(rate.at(-1) ?? 0) : "");
  set(head.querySelector("polyline"), "points", spark(rate, 1));
  say(address, url);
  say(figures, `${bytes(sent)} sent · ${droppedFrames} dropped · ${reconnects} reconnects`);
  say(error, lastError ?? "");
  const document = state.outputDocuments?.find((known) => known.id === id);
  const enabled = document?.enabled ?? condition !== "stopped";
  const waits = condition === "failed" || condition === "reconnecting";
  // What is about to go can be neither started nor changed.
  const leaves = state.outputDocuments !== undefined && !document;
  const own = !leaves && may("admin");
  const shown = { start: !leaves && (!enabled || waits), stop: !leaves && enabled, edit: own, remove: own };
  for (const button of card.querySelectorAll("button")) button.hidden = !shown[button.dataset.verb];
  const start = card.querySelector("[data-verb=start]");
  const label = enabled && waits ? "Try again" : "Start";
  set(start, "title", label);
  set(start, "aria-label", `${label}: ${id}`);
}

async function steer(id, verb, load) {
  const answer = await attempt(() => post(`${PATH}/${part(id)}/${verb}`));
  if (answer) note("edit", `${spaced(verb)} output ${id}`);
  await load();
}

async function edit(id, load) {
  const present = await attempt(() => get(`${PATH}/${part(id)}`));
  if (present) askOutput(present, load);
}

/** What is removed cannot be brought back by a click: its key is known to nobody any more. */
function askRemoval(id, load) {
  const remove = async (dialog) => {
    const answer = await attempt(() => json("DELETE", `${PATH}/${part(id)}`));
    if (!answer) return;
    note("edit", `Remove output ${id}`);
    dialog.close();
    await load();
  };
  openDialog(
    `Remove ${id}?`,
    [
      h("p", {}, "It finishes what it has. Its address, with the stream key, is forgotten."),
      h("div", { class: "buttons end" }, h("button", { type: "submit", class: "primary" }, "Remove")),
    ],
    { onsubmit: remove },
  );
}
