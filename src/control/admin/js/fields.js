// Fields that show a value and send what is written into them. Each is `{ element, show(value), blame(text) }`:
// `show(undefined)` stands for several different values, `blame("")` takes the words away.

import { h, say, set } from "./dom.js";
import { latest } from "./edits.js";
import { short } from "./words.js";

let number = 0;

/** A field with its label and a place for what is wrong with it. */
function labelled(label, control, { id, hint, wide = false, extra } = {}) {
  const name = id ?? `field-${(number += 1)}`;
  control.id = name;
  const fault = h("p", { class: "field-error", id: `${name}-error`, role: "alert" });
  set(control, "aria-describedby", fault.id);
  const element = h(
    "div",
    { class: wide ? "field wide" : "field" },
    h("label", { for: name, title: hint ?? false }, label),
    h("div", { class: "control" }, control, extra),
    fault,
  );
  const blame = (text) => {
    say(fault, text);
    set(control, "aria-invalid", text ? "true" : null);
  };
  return { element, blame, control };
}

const isBusy = (control) => document.activeElement === control && control.dataset.touched !== undefined;

/** Marks a control while a person writes in it, and sends what was written at the end. */
function committing(control, commit, show) {
  control.addEventListener("input", () => {
    control.dataset.touched = "";
  });
  control.addEventListener("change", () => {
    delete control.dataset.touched;
    commit(control.value);
  });
  control.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && control.dataset.touched !== undefined) {
      event.stopPropagation();
      delete control.dataset.touched;
      show();
    }
  });
  control.addEventListener("blur", () => {
    delete control.dataset.touched;
  });
}

/** One line of text. */
export function text(label, commit, options = {}) {
  let present = "";
  const control = h("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: options.maxlength ?? false,
  });
  const show = (value = present) => {
    present = value ?? "";
    if (!isBusy(control)) control.value = present;
  };
  committing(control, commit, show);
  set(control, "placeholder", options.placeholder ?? null);
  return { ...labelled(label, control, { wide: true, ...options }), show };
}

/** Text of several lines; it goes on air when the field is left, or with Ctrl+Enter. */
export function longText(label, commit, options = {}) {
  let present = "";
  const control = h("textarea", { rows: 3, spellcheck: "true" });
  const show = (value = present) => {
    present = value ?? "";
    if (!isBusy(control)) control.value = present;
  };
  committing(control, commit, show);
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) control.dispatchEvent(new Event("change"));
  });
  const field = labelled(label, control, { wide: true, ...options });
  field.element.append(h("p", { class: "hint" }, "Goes on air when you leave the field, or with Ctrl+Enter."));
  return { ...field, show };
}

/** A number. Up and down change it by `step`, with Shift by ten times that. */
export function figure(label, commit, { step = 1, min, max, optional = false, ...options } = {}) {
  return stepped(
    label,
    { step, min, max, ...options },
    {
      read(written) {
        if (written.trim() === "") return optional ? null : undefined;
        const value = Number(written.replace(",", "."));
        return Number.isFinite(value) ? value : undefined;
      },
      write: (value) => (value === undefined || value === null ? "" : short(value)),
      add: (value, by) => clamp((value ?? 0) + by, min, max),
      words: "a number",
    },
    commit,
  );
}

/** Pixels, or a percentage such as `50%`. */
export function length(label, commit, options = {}) {
  return stepped(
    label,
    { step: 1, ...options },
    {
      read(written) {
        const match = /^\s*([-+]?[\d.,]+)\s*(%|px)?\s*$/.exec(written);
        const value = match && Number(match[1].replace(",", "."));
        if (!Number.isFinite(value)) return undefined;
        return match[2] === "%" ? `${value}%` : value;
      },
      write: (value) => (typeof value === "string" ? value : value === undefined ? "" : short(value)),
      add: (value, by) => (typeof value === "string" ? `${parseFloat(value) + by}%` : (value ?? 0) + by),
      words: "pixels, or a percentage such as 50%",
    },
    commit,
  );
}

const clamp = (value, min = -Infinity, max = Infinity) => Math.min(max, Math.max(min, value));

function stepped(label, { step, ...options }, { read, write, add, words }, commit) {
  let present;
  const control = h("input", { type: "text", inputmode: "decimal", autocomplete: "off", class: "number-input" });
  const field = labelled(label, control, options);
  const show = (...values) => {
    if (values.length > 0) [present] = values;
    if (!isBusy(control)) {
      control.value = write(present);
      set(control, "placeholder", present === undefined ? "mixed" : "auto");
    }
  };
  const send = latest(commit);
  committing(
    control,
    (written) => {
      const value = read(written);
      if (value === undefined) {
        field.blame(`Expected ${words}.`);
        return;
      }
      field.blame("");
      if (value !== present) send(value);
    },
    () => show(),
  );
  control.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    const value = read(control.value);
    present = add(
      value === undefined ? present : value,
      Math.round(way * step * (event.shiftKey ? 10 : 1) * 1e6) / 1e6,
    );
    control.value = write(present);
    delete control.dataset.touched;
    send(present);
  });
  return { ...field, show };
}

/** A slider with its number; both send while they are moved. */
export function slider(
  label,
  commit,
  { min = 0, max = 1, step = 0.01, format = (value) => `${Math.round(value * 100)} %`, ...options } = {},
) {
  const control = h("input", { type: "range", min, max, step });
  const output = h("output", { class: "slider-value" });
  const send = latest(commit);
  const field = labelled(label, control, { wide: true, extra: output, ...options });
  let until = 0;
  const tell = (value) => {
    say(output, format(value));
    set(control, "aria-valuetext", format(value));
    control.style.setProperty("--share", `${((value - min) / (max - min)) * 100}%`);
  };
  control.addEventListener("input", () => {
    // What comes back late must not pull it back under the finger.
    until = performance.now() + 600;
    tell(Number(control.value));
    send(Number(control.value));
  });
  const show = (value) => {
    if (performance.now() < until) return;
    control.value = value ?? max;
    if (value === undefined) say(output, "mixed");
    else tell(value);
  };
  return { ...field, show };
}

/** One of several: `options` are names, or pairs of value and text. */
export function choice(label, commit, values, options = {}) {
  const pairs = values.map((value) => (Array.isArray(value) ? value : [value, value]));
  const control = h(
    "select",
    { onchange: () => commit(control.value) },
    pairs.map(([value, words]) => h("option", { value }, words)),
  );
  const show = (value) => {
    if (document.activeElement !== control) control.value = value ?? "";
  };
  return { ...labelled(label, control, options), show };
}

/** On or off. */
export function toggle(label, commit, options = {}) {
  const control = h("input", { type: "checkbox", role: "switch", onchange: () => commit(control.checked) });
  const show = (value) => {
    control.indeterminate = value === undefined;
    control.checked = value === true;
  };
  return { ...labelled(label, control, options), show };
}

/** A colour with its alpha: a swatch to choose from and its `#rrggbbaa`. */
export function color(label, commit, options = {}) {
  let present = "#ffffff";
  const send = latest(commit);
  const alpha = () => (present.length === 9 ? present.slice(7) : "");
  const swatch = h("input", { type: "color", oninput: () => send(swatch.value + alpha()) });
  const control = h("input", { type: "text", class: "hex", maxlength: 9, spellcheck: "false", autocomplete: "off" });
  const field = labelled(label, control, { extra: swatch, ...options });
  field.element.classList.add("color-field");
  set(swatch, "aria-label", `${label}: choose`);
  const show = (value = present) => {
    present = value;
    swatch.value = value.slice(0, 7);
    if (!isBusy(control)) control.value = value;
  };
  committing(
    control,
    (written) => {
      const hex = written.trim().replace(/^#?/, "#").toLowerCase();
      if (!/^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(hex)) {
        field.blame("Expected a colour such as #1e90ff, or #1e90ff80 with alpha.");
        return;
      }
      field.blame("");
      commit(hex);
    },
    () => show(),
  );
  return { ...field, show };
}
