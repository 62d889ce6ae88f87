// The settings: where each value comes from, and those that can be changed while the stream runs.

import { guarded, notice } from "../access.js";
import { get, json } from "../api.js";
import { h, reconcile, say, set } from "../dom.js";
import { icon } from "../icons.js";
import { note } from "../log.js";
import { patchOf, valueAt } from "../path.js";
import { state, update, watch } from "../store.js";
import { attempt, fault, words } from "../toasts.js";

const ORIGINS = {
  default: "default",
  file: "TOML file",
  dotenv: ".env",
  environment: "environment",
  commandLine: "command line",
  runtime: "changed here",
};

/** Fills the panel. */
export function mountSettings(panel) {
  const search = h("input", {
    type: "search",
    "aria-label": "Find a setting",
    placeholder: "Find a setting",
    oninput: () => draw(),
  });
  const only = h("input", { type: "checkbox", onchange: () => draw() });
  const list = h("div", { class: "settings" });
  panel.append(
    h("div", { class: "place-tools" }, search, h("label", { class: "check" }, only, "Can be changed now")),
    notice("admin", "Changing settings"),
    guarded("admin", list),
  );
  const load = () => attempt(async () => update({ settings: await get("/api/config") }));
  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const all = (state.settings?.settings ?? []).filter(
      (setting) =>
        (!only.checked || setting.live) &&
        `${setting.key} ${setting.variable} ${setting.about}`.toLowerCase().includes(wanted),
    );
    reconcile(list, all, ({ key }) => key, create, show);
    set(list, "data-empty", state.settings && all.length === 0 ? "No setting is called like that." : null);
  }
  watch(["settings"], draw);
  // Somebody else has changed some.
  watch(["config"], () => state.settings && !panel.hidden && load());
  return load;
}

function create(setting) {
  const id = `setting-${setting.key}`;
  const control = controlFor(setting, id);
  return h(
    "div",
    { class: "setting", "data-live": setting.live },
    h(
      "div",
      { class: "setting-words" },
      h("label", { for: id }, h("code", {}, setting.key)),
      h("p", { class: "hint" }, setting.about),
    ),
    h(
      "div",
      { class: "setting-value" },
      control,
      h(
        "p",
        { class: "hint origin" },
        h("span", {}),
        h(
          "button",
          { type: "button", class: "quiet link", onclick: () => change(setting.key, null, control) },
          "Take back",
        ),
      ),
      h("p", { class: "field-error", role: "alert", id: `${id}-error` }),
    ),
  );
}

function controlFor({ key, live, secret, expected }, id) {
  const names = /^(?:one of )?(`[^`]+`(?:(?:, | or )`[^`]+`)+)$/.exec(expected ?? "")?.[1];
  const value = valueAt(state.settings.values, key);
  if (!live)
    return h("output", { id, class: "fixed", title: "Is read at the start only" }, icon("lock"), h("span", {}));
  const send = (next) => change(key, next, control);
  let control;
  if (typeof value === "boolean") {
    control = h("input", { type: "checkbox", role: "switch", id, onchange: () => send(control.checked) });
  } else if (names) {
    control = h(
      "select",
      { id, onchange: () => send(control.value) },
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => h("option", { value: name }, name)),
    );
  } else {
    control = h("input", {
      type: secret ? "password" : "text",
      id,
      autocomplete: "off",
      spellcheck: "false",
      title: expected ?? false,
      onchange: () => send(read(control.value, value)),
    });
  }
  set(control, "aria-describedby", `${id}-error`);
  return control;
}

/** What was written, as the kind of value that was there. */
function read(written, before) {
  const text = written.trim();
  if (Array.isArray(before)) return text ? text.split(",").map((item) => item.trim()) : [];
  if (typeof before === "number" && text !== "" && Number.isFinite(Number(text))) return Number(text);
  return text;
}

const written = (value) =>
  value === null || value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);

function show(row, { key, origin }) {
  const value = valueAt(state.settings.values, key);
  const control = row.querySelector("input, select, output");
  if (control.tagName === "OUTPUT") say(control.lastChild, written(value) || "not set");
  else if (control.type === "checkbox") control.checked = value;
  else if (document.activeElement !== control) control.value = written(value);
  const [from, back] = row.querySelector(".origin").children;
  const place = origin.path ? ` ${origin.path.split("/").at(-1)}${origin.line ? `:${origin.line}` : ""}` : "";
  say(from, `${ORIGINS[origin.from] ?? origin.from}${place}`);
  back.hidden = origin.from !== "runtime";
}

async function change(key, value, control) {
  const error = document.getElementById(`setting-${key}-error`);
  say(error, "");
  set(control, "aria-invalid", null);
  try {
    const { values, settings } = await json("PATCH", "/api/config", patchOf(key, value));
    update({ settings: { values, settings } });
    note("edit", `Setting ${key}`);
  } catch (problem) {
    if (!problem.errors?.length) {
      fault(problem);
      return;
    }
    set(control, "aria-invalid", "true");
    say(error, problem.errors.map(words).join(" "));
  }
}
