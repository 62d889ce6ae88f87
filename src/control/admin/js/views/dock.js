// The places below the preview, one at a time. On a phone the layers and their properties are among them.

import { byId, h, set } from "../dom.js";
import { icon } from "../icons.js";
import { bind } from "../keys.js";
import { mountLog } from "./log.js";
import { mountOutputs } from "./outputs.js";
import { mountScenes } from "./scenes.js";
import { mountSettings } from "./settings.js";
import { mountSound } from "./sound.js";
import { mountTimelines } from "./timelines.js";

const KEY = "stream-manager.place";
const PLACES = [
  { id: "layers", label: "Layers", icon: "layers", isOutside: true },
  { id: "properties", label: "Properties", icon: "sliders", isOutside: true },
  { id: "scenes", label: "Scenes", icon: "scenes", mount: mountScenes },
  { id: "timelines", label: "Motion", icon: "motion", mount: mountTimelines },
  { id: "sound", label: "Sound", icon: "sound", mount: mountSound },
  { id: "outputs", label: "Outputs", icon: "output", mount: mountOutputs },
  { id: "log", label: "Log", icon: "log", mount: mountLog },
  { id: "settings", label: "Settings", icon: "settings", mount: mountSettings },
];

/** Whether there is room for one place at a time only. */
const narrow = matchMedia("(max-width: 719.98px)");

/** Puts the tabs and their panels onto the page. */
export function mountDock() {
  const tabs = byId("tabs");
  const main = byId("main");
  for (const place of PLACES) {
    place.tab = h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${place.id}`,
        "aria-controls": place.isOutside ? place.id : `panel-${place.id}`,
        class: place.isOutside ? "tab outside" : "tab",
        onclick: () => open(place.id),
      },
      icon(place.icon),
      h("span", {}, place.label),
    );
    tabs.append(place.tab);
    if (place.isOutside) continue;
    place.panel = h("div", {
      class: "place",
      role: "tabpanel",
      id: `panel-${place.id}`,
      "aria-labelledby": `tab-${place.id}`,
      hidden: true,
    });
    byId("panels").append(place.panel);
    place.refresh = place.mount(place.panel);
  }
  const kept = localStorage.getItem(KEY);
  let docked = PLACES.find(({ id, isOutside }) => id === kept && !isOutside)?.id ?? "timelines";
  let present = "layers";

  function open(id) {
    present = id;
    const place = PLACES.find((other) => other.id === id);
    if (!place.isOutside) docked = id;
    localStorage.setItem(KEY, docked);
    show();
    tabs.querySelector('[aria-selected="true"]').scrollIntoView({ block: "nearest", inline: "center" });
  }

  function show() {
    const selected = narrow.matches ? present : docked;
    main.dataset.place = PLACES.find(({ id }) => id === present).isOutside ? present : "dock";
    for (const { id, tab, panel, refresh } of PLACES) {
      set(tab, "aria-selected", String(id === selected));
      set(tab, "tabindex", id === selected ? "0" : "-1");
      if (!panel) continue;
      const opens = panel.hidden && id === docked;
      panel.hidden = id !== docked;
      if (opens) refresh?.();
    }
  }

  narrow.addEventListener("change", show);
  tabs.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const open_ = PLACES.filter(({ isOutside }) => narrow.matches || !isOutside);
    const at = open_.findIndex(({ tab }) => tab === document.activeElement);
    const next = open_[(at + way + open_.length) % open_.length];
    open(next.id);
    next.tab.focus();
  });
  for (const [index, { id, label }] of PLACES.filter(({ isOutside }) => !isOutside).entries()) {
    bind(`alt+${index + 1}`, `To ${label.toLowerCase()}`, () => {
      open(id);
      byId(`tab-${id}`).focus();
    });
  }
  show();
}
