// The preview: the picture as it goes out, what lies over it for editing, and how good and large it is to be.

import { askPreview, onPicture } from "../connection.js";
import { byId, h, s, say, set } from "../dom.js";
import { icon } from "../icons.js";
import { state, watch } from "../store.js";
import { startOverlay } from "./overlay.js";

const KEY = "stream-manager.preview";
const WIDTHS = [
  ["320", "Small"],
  ["640", "Medium"],
  ["960", "Large"],
  ["1920", "Full"],
];
const QUALITIES = [
  ["40", "Low"],
  ["70", "Good"],
  ["90", "Best"],
];
const RATES = [
  ["1", "1 fps"],
  ["5", "5 fps"],
  ["10", "10 fps"],
  ["30", "30 fps"],
];

/** Puts the preview onto the page. */
export function mountStage() {
  const canvas = h("canvas", { id: "preview", role: "img", "aria-label": "The picture as it goes out" });
  const overlay = s("svg", { class: "overlay", id: "overlay", tabindex: "0", role: "application" });
  set(overlay, "aria-label", "Positions of the selected layers; arrow keys move them");
  const veil = h("p", { class: "veil" });
  const screen = h("div", { class: "screen" }, canvas, overlay, veil);
  byId("stage").append(h("div", { class: "screen-frame" }, screen), tools(overlay));
  startOverlay(overlay);

  let shown = -1;
  const context = canvas.getContext("2d", { alpha: false });
  const show = async (blob, { tick }) => {
    const bitmap = await createImageBitmap(blob);
    // Pictures are decoded side by side: an older one may come later.
    if (tick < shown) {
      bitmap.close();
      return;
    }
    shown = tick;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      screen.style.setProperty("--ratio", `${bitmap.width} / ${bitmap.height}`);
      screen.style.setProperty("--wide", bitmap.width / bitmap.height);
    }
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    canvas.dataset.tick = tick;
  };
  onPicture(show);
  watch(["connection"], () => {
    // A service that comes back may count its ticks anew.
    shown = -1;
    screen.classList.toggle("veiled", state.connection !== "open");
    say(
      veil,
      { lost: "Connection lost. Trying again …", connecting: "Connecting …", locked: "Token needed" }[
        state.connection
      ] ?? "",
    );
  });
}

function tools(overlay) {
  const chosen = { width: "640", quality: "70", fps: "10", ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  const ask = () =>
    askPreview(
      document.hidden
        ? null
        : { width: Number(chosen.width), quality: Number(chosen.quality), fps: Number(chosen.fps) },
    );
  const choice = (name, label, options) => {
    const select = h(
      "select",
      {
        "aria-label": label,
        title: label,
        id: `preview-${name}`,
        onchange: () => {
          chosen[name] = select.value;
          localStorage.setItem(KEY, JSON.stringify(chosen));
          ask();
        },
      },
      options.map(([value, text]) => h("option", { value }, text)),
    );
    select.value = chosen[name];
    return select;
  };
  ask();
  document.addEventListener("visibilitychange", ask);
  const areas = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-pressed": "false",
      id: "safe-areas",
      title: "Show the safe areas",
      onclick: () => {
        const on = areas.getAttribute("aria-pressed") !== "true";
        set(areas, "aria-pressed", String(on));
        overlay.classList.toggle("with-areas", on);
      },
    },
    icon("frame"),
    h("span", {}, "Safe areas"),
  );
  const live = h(
    "a",
    { href: "/live/", class: "button quiet", target: "_blank", rel: "noopener", id: "live" },
    "Live picture",
  );
  const size = h("span", { class: "hint" });
  watch(["status"], () => {
    const { status } = state;
    set(live, "hidden", !status?.outputs.some(({ id }) => id === "live"));
    if (status) say(size, `${status.resolution.width} × ${status.resolution.height}`);
  });
  return h(
    "div",
    { class: "stage-tools" },
    h("span", { class: "hint", id: "preview-label" }, "Preview"),
    choice("width", "Size of the preview", WIDTHS),
    choice("quality", "Quality of the preview", QUALITIES),
    choice("fps", "Rate of the preview", RATES),
    areas,
    h("span", { class: "grow" }),
    size,
    live,
  );
}
