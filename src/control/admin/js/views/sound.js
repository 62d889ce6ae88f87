// The sound: the volume of the mix and of its tracks, how loud they are, and what steers their animations.

import { guarded, notice } from "../access.js";
import { json, part } from "../api.js";
import { askLevels } from "../connection.js";
import { h, reconcile, set } from "../dom.js";
import { latest } from "../edits.js";
import * as fields from "../fields.js";
import { note } from "../log.js";
import { state, watch } from "../store.js";
import { fault } from "../toasts.js";
import { spaced } from "../words.js";
import { meter } from "./meter.js";
import { soundAnimations } from "./sound-animations.js";

const EVERY = 400;

/** Amplitudes are heard as decibels. */
const level = (volume) =>
  volume === 0 ? "silent" : `${(20 * Math.log10(volume)).toFixed(1).replace(/^(?=\d)/, "+")} dB`;
const RANGE = { min: 0, max: 2, step: 0.01, format: level };

/** Fills the panel. */
export function mountSound(panel) {
  const master = fields.slider(
    "Whole mix",
    (volume) => send("/api/stream/audio", { volume }, "Volume of the mix"),
    RANGE,
  );
  const list = h("ul", { class: "cards plain" });
  const masterMeter = meter("Level of the whole mix");
  const masterAnimations = soundAnimations("/api/stream/audio", "the whole mix");
  const mix = h("div", { class: "fields" }, master.element, masterMeter.element, masterAnimations.element);
  panel.append(notice("control", "Changing the sound"), guarded("control", mix, list));
  const made = new WeakMap();
  watch(["scene"], () => {
    const { audio } = state.scene ?? {};
    if (!audio) return;
    master.show(audio.volume);
    masterAnimations.show(audio.animations);
    reconcile(
      list,
      audio.tracks,
      ({ id }) => id,
      (track) => create(track, made),
      (card, track) => {
        const { volume, muted, animations } = made.get(card);
        volume.show(track.volume);
        muted.show(track.muted);
        animations.show(track.animations);
      },
    );
    showLevels();
    set(list, "data-empty", audio.tracks.length === 0 ? "The scene has no sound tracks: the stream is silent." : null);
  });
  watch(["levels", "connection"], showLevels);
  // Nobody looks at levels in another place.
  const look = () => askLevels(!panel.hidden && !document.hidden);
  new MutationObserver(look).observe(panel, { attributeFilter: ["hidden"] });
  document.addEventListener("visibilitychange", look);
  const ask = async () => {
    if (panel.hidden || document.hidden || state.connection !== "open") return;
    const cards = [...list.children].map((card) => made.get(card).animations);
    await Promise.all([masterAnimations, ...cards].map((animations) => animations.ask()));
  };
  const poll = () => ask().finally(() => setTimeout(poll, EVERY));
  poll();

  function showLevels() {
    const levels = state.connection === "open" ? state.levels : null;
    masterMeter.show(levels?.master);
    for (const card of list.children) {
      made.get(card).loudness.show(levels?.tracks.find(({ id }) => id === card.dataset.key));
    }
  }
  return ask;
}

function create({ id, source }, made) {
  const path = `/api/stream/audio/tracks/${part(id)}`;
  const volume = fields.slider(
    "Volume",
    latest((value) => send(path, { volume: value }, `Volume of ${id}`)),
    RANGE,
  );
  const muted = fields.toggle("Muted", (value) => send(path, { muted: value }, `${value ? "Mute" : "Unmute"} ${id}`));
  const loudness = meter(`Level of ${id}`);
  const animations = soundAnimations(path, id);
  const card = h(
    "li",
    { class: "card", id: `track-${id}` },
    h(
      "div",
      { class: "card-head" },
      h("strong", {}, id),
      h("span", { class: "hint" }, spaced(source.type ?? "")),
      h("span", { class: "grow" }),
      muted.element,
    ),
    volume.element,
    loudness.element,
    animations.element,
  );
  made.set(card, { volume, muted, loudness, animations });
  return card;
}

async function send(path, patch, label) {
  try {
    await json("PATCH", path, patch);
    note("edit", label);
  } catch (error) {
    fault(error);
  }
}
