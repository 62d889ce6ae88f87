// Where the stream goes to, and how it gets there.

import { h, reconcile, s, say, set } from "../dom.js";
import { state, watch } from "../store.js";
import { bitrate, bytes, spaced } from "../words.js";
import { spark } from "./figures.js";

/** Fills the panel. */
export function mountOutputs(panel) {
  const list = h("ul", { class: "cards plain" });
  panel.append(list);
  watch(["outputs"], () => {
    reconcile(list, state.outputs, ({ id }) => id, create, show);
    set(
      list,
      "data-empty",
      state.outputs.length === 0 ? "No outputs. Set STREAM_URL or MUXER_OUTPUTS in the settings." : null,
    );
  });
}

function create({ id }) {
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
  );
}

function show(card, { url, state: condition, bytes: sent, droppedFrames, reconnects, lastError, rate = [] }) {
  const [head, address, figures, error] = card.children;
  const pill = head.querySelector(".pill");
  pill.dataset.state = condition;
  say(pill, spaced(condition));
  say(head.querySelector(".rate"), condition === "started" ? bitrate(rate.at(-1) ?? 0) : "");
  set(head.querySelector("polyline"), "points", spark(rate, 1));
  say(address, url);
  say(figures, `${bytes(sent)} sent · ${droppedFrames} dropped · ${reconnects} reconnects`);
  say(error, lastError ?? "");
}
