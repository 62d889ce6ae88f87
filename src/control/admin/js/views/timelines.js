// Timelines to steer; events and triggers to fire.

import { guarded, notice } from "../access.js";
import { get, part, post } from "../api.js";
import { h, reconcile, set } from "../dom.js";
import { icon } from "../icons.js";
import { note } from "../log.js";
import { state, update, watch } from "../store.js";
import { attempt } from "../toasts.js";
import { player } from "./player.js";

const EVERY = 400;

/** Fills the panel. */
export function mountTimelines(panel) {
  const list = h("ul", { class: "cards plain" });
  const made = new WeakMap();
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
    reconcile(
      list,
      all,
      ({ id }) => id,
      (timeline) => create(timeline, made),
      (card, timeline) => made.get(card).show(timeline),
    );
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

function create({ id, labels }, made) {
  const steered = player(id, (verb, body) => steer(id, verb, body));
  const card = h(
    "li",
    { class: "card", id: `timeline-${id}` },
    h("div", { class: "card-head" }, h("strong", {}, id), steered.pill, h("span", { class: "grow" }), steered.tools),
    steered.seek,
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
  made.set(card, steered);
  return card;
}
