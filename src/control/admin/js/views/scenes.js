// The scenes that are held, and the way from one to the other.

import { guarded, notice } from "../access.js";
import { get, json, part, post, send } from "../api.js";
import { h, reconcile, say, set } from "../dom.js";
import { icon } from "../icons.js";
import { note } from "../log.js";
import { freeId } from "../scene.js";
import { state, update, watch } from "../store.js";
import { attempt, toast } from "../toasts.js";
import { count, spaced } from "../words.js";
import { openDialog } from "./dialog.js";

const KEY = "stream-manager.transition";
const TRANSITIONS = ["cut", "fade", "slide", "push", "wipe", "scale", "zoom", "dissolve"];
/** Leaves it to the scene's own document. */
const OWN = "own";

/** Fills the panel. */
export function mountScenes(panel) {
  const way = transitionFields();
  const keep = h(
    "button",
    { type: "button", id: "keep-scene", onclick: () => keepCopy() },
    icon("copy"),
    h("span", {}, "Keep a copy"),
  );
  const fresh = h(
    "button",
    { type: "button", id: "new-scene", class: "quiet", onclick: () => create() },
    icon("plus"),
    h("span", {}, "New scene"),
  );
  const list = h("ul", { class: "cards plain" });
  const tools = h(
    "div",
    { class: "place-tools" },
    h("label", { for: "transition", class: "hint" }, "Transition"),
    ...way.fields,
    h("span", { class: "together" }, keep, fresh),
  );
  panel.append(notice("control", "Changing scenes"), guarded("control", tools, list));
  const load = async () => {
    if (state.connection !== "open") return;
    const answer = await attempt(() => get("/api/stream/scenes"));
    if (answer) update({ scenes: answer.scenes });
  };
  watch(["scenes"], () => {
    const scenes = state.scenes ?? [];
    reconcile(
      list,
      scenes,
      ({ id }) => id,
      (scene) => card(scene, way.chosen),
      show,
    );
    set(list, "data-empty", state.scenes && scenes.length === 0 ? "No scenes are held." : null);
  });
  watch(["connection"], async () => {
    if (state.connection !== "open") return;
    const answer = await attempt(() => get("/api/stream/scenes"));
    if (answer) update({ scenes: answer.scenes, held: answer.active });
  });
  // The scene on air has another name.
  let name = null;
  watch(["scene"], () => {
    if (state.scene?.name === name || panel.hidden) return;
    name = state.scene?.name;
    load();
  });
  watch(["held"], () => !panel.hidden && load());
  return load;
}

/** The fields by which a transition is chosen, which this browser remembers, and what is chosen in them. */
function transitionFields() {
  const [name, seconds] = (localStorage.getItem(KEY) ?? "").split(" ");
  const kept = () => {
    duration.parentElement.hidden = [OWN, "cut"].includes(kind.value);
    localStorage.setItem(KEY, `${kind.value} ${duration.value}`);
  };
  const kind = h(
    "select",
    { id: "transition", onchange: kept },
    h("option", { value: OWN }, "As the scene says"),
    TRANSITIONS.map((name) => h("option", { value: name }, spaced(name))),
  );
  kind.value = TRANSITIONS.includes(name) ? name : OWN;
  const duration = h("input", {
    type: "number",
    id: "transition-duration",
    min: 0,
    max: 60,
    step: 0.1,
    "aria-label": "Seconds that the transition takes",
    onchange: kept,
  });
  duration.value = seconds || "0.5";
  const fields = [kind, h("span", { class: "with-unit" }, duration, h("span", { class: "hint" }, "s"))];
  kept();
  const chosen = () => {
    if (kind.value === OWN) return {};
    if (kind.value === "cut") return { transition: { type: "cut" } };
    return { transition: { type: kind.value, duration: Number(duration.value) } };
  };
  return { fields, chosen };
}

function card({ id }, chosen) {
  const activate = h(
    "button",
    { type: "button", class: "primary", onclick: () => bring(id, chosen()) },
    "Put on air",
  );
  const rename = h(
    "button",
    { type: "button", class: "quiet bare", "aria-label": `Rename ${id}`, title: "Rename", onclick: () => askName(id) },
    icon("pencil"),
  );
  const drop = h(
    "button",
    { type: "button", class: "quiet bare", "aria-label": `Delete ${id}`, title: "Delete", onclick: () => remove(id) },
    icon("trash"),
  );
  return h(
    "li",
    { class: "card", id: `scene-${id}` },
    h(
      "div",
      { class: "card-head" },
      h("strong", {}),
      h("span", { class: "pill", "data-state": "active" }, "On air"),
      h("span", { class: "grow" }),
      rename,
      drop,
      activate,
    ),
    h("p", { class: "hint" }),
  );
}

function show(element, { id, name, active, layers }) {
  set(element, "data-active", String(active));
  say(element.querySelector("strong"), name || id);
  say(element.querySelector(".hint"), `${id} · ${count(layers, "layer")}`);
  element.querySelector(".pill").hidden = !active;
  const [, drop, activate] = element.querySelectorAll("button");
  drop.hidden = activate.hidden = active;
  set(activate, "aria-label", `Put ${name || id} on air`);
}

async function bring(id, body) {
  const answer = await attempt(() => post(`/api/stream/scenes/${part(id)}/activate`, body));
  if (!answer) return;
  note("edit", `Scene on air: ${id}`);
  // What was done to the layers of another scene cannot be taken back in this one.
  update({ scenes: answer.scenes, past: [], future: [], selection: [] });
}

async function remove(id) {
  const path = `/api/stream/scenes/${part(id)}`;
  const scene = await attempt(() => get(path));
  const answer = scene && (await attempt(() => json("DELETE", path)));
  if (!answer) return;
  update({ scenes: answer.scenes });
  note("edit", `Delete scene ${id}`);
  toast(`Deleted the scene ${id}`, { action: { label: "Undo", run: () => put(id, scene) } });
}

async function put(id, scene) {
  const answer = await attempt(() => json("PUT", `/api/stream/scenes/${part(id)}`, scene));
  if (!answer) return false;
  update({ scenes: answer.scenes });
  note("edit", `Keep scene ${id}`);
  return true;
}

/** Asks for another name; the id stays. */
function askName(id) {
  const field = h("input", { type: "text", id: "new-scene-name", autocomplete: "off", maxlength: 200 });
  field.value = state.scenes.find((scene) => scene.id === id)?.name ?? "";
  const submit = async (dialog) => {
    const path = `/api/stream/scenes/${part(id)}`;
    const answer = await attempt(async () => {
      const read = await send("GET", path);
      const scene = { ...(await read.json()), name: field.value.trim() };
      // What others do to it meanwhile is not to be lost.
      const headers = { "if-match": read.headers.get("etag") };
      const written = await send("PUT", path, { body: JSON.stringify(scene), headers });
      return written.json();
    });
    if (!answer) return;
    update({ scenes: answer.scenes });
    note("edit", `Rename scene ${id}`);
    dialog.close();
  };
  openDialog(
    `Rename ${id}`,
    [
      h("label", { for: "new-scene-name" }, "Name"),
      field,
      h("div", { class: "buttons end" }, h("button", { type: "submit", class: "primary" }, "Rename")),
    ],
    { onsubmit: submit },
  );
  field.select();
}

const newId = (wish) => freeId(wish, new Set((state.scenes ?? []).map(({ id }) => id)));

/** Keeps the scene on air as it is now under another id. */
async function keepCopy() {
  const active = (state.scenes ?? []).find((scene) => scene.active);
  if (!active) return;
  const scene = await attempt(() => get(`/api/stream/scenes/${part(active.id)}`));
  if (scene) await put(newId(active.id), { ...scene, name: `${scene.name || active.id} (copy)` });
}

const create = () =>
  put(newId("scene"), { name: "New scene", canvas: state.scene.canvas, assets: state.scene.assets, layers: [] });
