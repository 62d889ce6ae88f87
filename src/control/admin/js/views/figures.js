// The figures of the last minute.

import { byId, h, s, say, set } from "../dom.js";
import { state, watch } from "../store.js";

const WIDTH = 96;
const HEIGHT = 24;

const FIGURES = [
  {
    id: "fps",
    label: "Frame rate",
    unit: "fps",
    list: "fps",
    value: ({ fps }) => fps.toFixed(1),
    most: ({ targetFPS }) => targetFPS * 1.15,
    isBad: ({ fps, targetFPS, state: transport }) => transport === "live" && fps < targetFPS * 0.9,
  },
  {
    id: "render",
    label: "Render time",
    unit: "ms",
    list: "renderTime",
    value: ({ averageRenderTime }) => averageRenderTime.toFixed(1),
    most: ({ targetFPS }) => 1000 / targetFPS,
    isBad: ({ averageRenderTime, targetFPS }) => averageRenderTime > 900 / targetFPS,
  },
  {
    id: "drops",
    label: "Dropped",
    unit: "frames",
    list: "drops",
    value: ({ droppedFrames }) => String(droppedFrames),
    most: () => 5,
    isBad: () => state.history.drops.slice(-5).some((drops) => drops > 0),
  },
  { id: "layer-count", label: "Layers", unit: "", list: "layers", value: ({ layerCount }) => String(layerCount) },
  {
    id: "clients",
    label: "Clients",
    unit: "",
    list: "clients",
    value: ({ connectedClients }) => String(connectedClients),
  },
];

/** Puts the figures below the preview. */
export function mountFigures() {
  const figures = FIGURES.map(make);
  byId("stage").append(
    h(
      "dl",
      { class: "figures", "aria-label": "Figures of the last minute" },
      figures.map(({ element }) => element),
    ),
  );
  watch(["status", "history"], () => {
    if (state.status) for (const figure of figures) figure.show(state.status);
  });
}

function make({ id, label, unit, list, value, most, isBad }) {
  const number = h("span", { class: "number" }, "–");
  const line = s("polyline", {});
  const area = s("polygon", {});
  const chart = s(
    "svg",
    { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    area,
    line,
  );
  const element = h(
    "div",
    { class: "figure", id: `figure-${id}` },
    h("dt", {}, label),
    h("dd", {}, number, unit && h("span", { class: "unit" }, ` ${unit}`)),
    chart,
  );
  return {
    element,
    show(status) {
      say(number, value(status));
      set(element, "data-bad", Boolean(isBad?.(status)));
      const points = spark(state.history[list], most?.(status));
      set(line, "points", points);
      set(area, "points", points && `${points} ${WIDTH},${HEIGHT} ${points.split(",")[0]},${HEIGHT}`);
    },
  };
}

/** The points of a sparkline, which ends at the right edge. `most` is a value that fits at least. */
export function spark(values, most = 1, width = WIDTH, height = HEIGHT) {
  if (values.length < 2) return "";
  const top = Math.max(most, ...values);
  const step = width / 59;
  return values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * step;
      return `${x.toFixed(1)},${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`;
    })
    .join(" ");
}
