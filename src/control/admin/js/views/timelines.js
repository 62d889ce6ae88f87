// Timelines to steer; events and triggers to fire.

import { guarded, notice } from "../access.js";
import { get, part, post } from "../api.js";
import { h, reconcile, say, set } from "../dom.js";
import { icon, setIcon } from "../icons.js";
import { note } from "../log.js";
import { state, update, watch } from "../store.js";
import { attempt } from "../toasts.js";
import { duration, short } from "../words.js";

const EVERY = 400;

/** Fills the panel. */
export function mountTimelines(panel) {
  const list = h("ul", { class: "cards plain" });
  const events = h("div", { class: "chips" });
  const name = h("input", {
    type: "text",
    id: "event-name",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "name",
    maxlength: 64,
  });
  const form = h(
    "form",
    { class: "inline-form" },
    h("label", { for: "event-name" }, "Fire an event"),
    name,
    h("button", { type: "submit" }, icon("bolt"), h("span", {}, "Fire")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (name.value.trim() && (await fire(name.value.trim()))) name.value = "";
  });
  const triggers = h("div", { class: "chips", role: "group", "aria-label": "Triggers to fire" });
  panel.append(notice("control", "Steering what moves"), guarded("control", form, events, triggers, list));
  watch(["timelines"], () => {
    const all = state.timelines ?? [];
    reconcile(list, all, ({ id }) => id, create, show);
    set(
      list,
      "data-empty",
      state.timelines && all.length === 0 ? "The scene has no timelines. Layers may have animations of their own." : null,
    );
  });
  watch(["scene"], () => {
    const names = eventNames(state.scene);
    reconcile(
      events,
      names,
      (one) => one,
      (one) => h("button", { type: "button", class: "chip", onclick: () => fire(one) }, icon("bolt"), one),
    );
    const all = (state.scene?.triggers ?? []).filter(({ id }) => id);
    reconcile(triggers, all, ({ id }) => id, createTrigger);
  });
  const ask = async () => {
    if (panel.hidden || document.hidden || state.connection !== "open") return;
    const wants = (state.scene?.timelines ?? []).length > 0;
    try {
      update({ timelines: wants ? (await get("/api/stream/timelines")).timelines : [] });
    } catch {
      // The connection tells when the service is away.
    }
  };
  const poll = () => ask().finally(() => setTimeout(poll, EVERY));
  poll();
  return ask;
}

/** The events that triggers wait for or fire. */
function eventNames(scene) {
  const names = (scene?.triggers ?? []).flatMap(({ on, do: todo }) => [
    on.type === "event" && on.name,
    ...todo.map((action) => action.type === "emit" && action.event),
  ]);
  return [...new Set(names.filter(Boolean))].sort();
}

async function fire(name) {
  return attempt(() => post(`/api/stream/events/${part(name)}`));
}

async function fireTrigger(id) {
  const answer = await attempt(() => post(`/api/stream/triggers/${part(id)}/fire`));
  if (answer) note("event", `Trigger fired: ${id}`);
}

/** A button that has a trigger act, whatever it waits for. */
function createTrigger({ id }) {
  return h(
    "button",
    { type: "button", class: "chip", id: `trigger-${id}`, "aria-label": `Fire the trigger ${id}`, onclick: () => fireTrigger(id) },
    icon("bolt"),
    h("span", {}, "Trigger"),
    id,
  );
}

async function steer(id, verb, body) {
  const answer = await attempt(() => post(`/api/stream/timelines/${part(id)}/${verb}`, body));
  if (answer) note("edit", `Timeline ${id}: ${verb}`);
}

function create({ id, labels }) {
  const button = (name, label, verb) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet bare",
        "aria-label": `${label} ${id}`,
        title: label,
        "data-verb": verb,
        onclick: (event) => steer(id, event.currentTarget.dataset.verb),
      },
      icon(name),
    );
  const seek = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `Position of ${id}` });
  seek.addEventListener("change", () => steer(id, "seek", { to: Number(seek.value) }));
  const rate = h(
    "select",
    { "aria-label": `Rate of ${id}`, onchange: () => steer(id, "rate", { rate: Number(rate.value) }) },
    [0.25, 0.5, 1, 2, 4].map((value) => h("option", { value }, `${value} ×`)),
  );
  return h(
    "li",
    { class: "card", id: `timeline-${id}` },
    h(
      "div",
      { class: "card-head" },
      h("strong", {}, id),
      h("span", { class: "pill" }),
      h("span", { class: "grow" }),
      button("reverse", "Play backwards", "reverse"),
      button("play", "Play", "play"),
      button("close", "Cancel", "cancel"),
      rate,
    ),
    h("div", { class: "seek" }, seek, h("output", { class: "slider-value" })),
    labels.length > 0 &&
      h(
        "div",
        { class: "chips" },
        labels.map((label) =>
          h(
            "button",
            { type: "button", class: "chip", onclick: () => steer(id, "seek", { to: label.name }) },
            label.name,
          ),
        ),
      ),
  );
}

const WORDS = { idle: "Idle", playing: "Playing", paused: "Paused", finished: "Finished" };

function show(card, { state: playState, position, length, rate }) {
  const pill = card.querySelector(".pill");
  pill.dataset.state = playState;
  say(pill, WORDS[playState] ?? playState);
  const main = card.querySelector('[data-verb="play"], [data-verb="pause"]');
  const isPlaying = playState === "playing";
  main.dataset.verb = isPlaying ? "pause" : "play";
  set(main, "title", isPlaying ? "Pause" : "Play");
  set(main, "aria-label", `${isPlaying ? "Pause" : "Play"} ${card.dataset.key}`);
  setIcon(main, isPlaying ? "pause" : "play");
  const seek = card.querySelector("input[type=range]");
  const end = length ?? Math.max(60, position);
  set(seek, "max", end);
  if (document.activeElement !== seek || !seek.matches(":active")) {
    seek.value = position;
    seek.style.setProperty("--share", `${end > 0 ? (position / end) * 100 : 0}%`);
  }
  say(
    card.querySelector("output"),
    `${short(Math.round(position * 10) / 10)} s${length === null || length === undefined ? "" : ` of ${duration(length)}`}`,
  );
  const chosen = card.querySelector("select");
  if (document.activeElement !== chosen) chosen.value = Math.abs(rate);
}
