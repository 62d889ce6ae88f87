// Adding a layer: what it is to show, and the little that has to be known for it.

import { byId, h, say } from "../dom.js";
import { icon } from "../icons.js";
import { ACCEPTED, upload } from "../assets.js";
import { add } from "../layer-actions.js";
import { freeId, ids } from "../scene.js";
import { state } from "../store.js";
import { attempt, words } from "../toasts.js";
import { openDialog } from "./dialog.js";

const SHAPES = {
  rect: { type: "rect", width: 400, height: 240 },
  roundedRect: { type: "roundedRect", width: 400, height: 240, radius: 24 },
  ellipse: { type: "ellipse", width: 320, height: 320 },
  star: { type: "star", points: 5, outerRadius: 180, innerRadius: 80 },
  polygon: {
    type: "polygon",
    points: [
      { x: 180, y: 0 },
      { x: 360, y: 320 },
      { x: 0, y: 320 },
    ],
  },
  line: { type: "line", from: { x: 0, y: 0 }, to: { x: 480, y: 0 } },
  path: { type: "path", d: "M0 160 C120 0 240 320 360 160 S600 0 720 160" },
};

/** Kinds of content: its icon is called like it. `ask` are further fields. */
const KINDS = [
  {
    type: "text",
    label: "Text",
    ask: ["text"],
    content: ({ text }) => ({ type: "text", text, font: { size: 64, weight: 700 } }),
  },
  { type: "image", label: "Picture", ask: ["asset"], content: ({ asset }) => ({ type: "image", asset }) },
  {
    type: "animatedImage",
    label: "Moving picture",
    ask: ["asset"],
    content: ({ asset }) => ({ type: "animatedImage", asset }),
  },
  { type: "svg", label: "Vector picture", ask: ["asset"], content: ({ asset }) => ({ type: "svg", asset }) },
  {
    type: "shape",
    label: "Shape",
    ask: ["shape", "color"],
    content: ({ shape, color }) => {
      const paint = shape === "line" ? { stroke: { paint: color, width: 8 } } : { fill: color };
      return { type: "shape", geometry: SHAPES[shape], ...paint };
    },
  },
  {
    type: "color",
    label: "Colour",
    ask: ["color"],
    content: ({ color }) => ({ type: "color", color, size: { width: 480, height: 270 } }),
  },
  {
    type: "gradient",
    label: "Gradient",
    ask: ["color"],
    content: ({ color }) => ({
      type: "gradient",
      size: { width: 480, height: 270 },
      gradient: {
        type: "linear",
        angle: 90,
        stops: [
          { offset: 0, color },
          { offset: 1, color: "#1b1d3a" },
        ],
      },
    }),
  },
  { type: "group", label: "Group", ask: [], content: () => ({ type: "group" }) },
];

/** Opens the dialog. */
export function openAdd() {
  if (document.querySelector("dialog[open]") || !state.scene) return;
  const fault = h("div", { class: "field-error", role: "alert" });
  const kinds = h(
    "div",
    { class: "kinds", role: "radiogroup", "aria-label": "What it shows" },
    KINDS.map(({ type, label }, index) =>
      h(
        "label",
        { class: "kind-choice" },
        h("input", { type: "radio", name: "kind", value: type, checked: index === 0, onchange: () => ask() }),
        icon(type),
        label,
      ),
    ),
  );
  const id = h("input", { type: "text", id: "new-id", autocomplete: "off", spellcheck: "false", maxlength: 64 });
  const name = h("input", { type: "text", id: "new-name", autocomplete: "off", maxlength: 200 });
  const special = h("div", { class: "special" });
  const chosen = () => KINDS.find(({ type }) => type === kinds.querySelector(":checked").value);
  let suggested = "";
  function ask() {
    const kind = chosen();
    special.replaceChildren(...kind.ask.map((what) => QUESTIONS[what](kind)));
    if (id.value === suggested) id.value = suggested = freeId(kind.type.toLowerCase(), ids(state.scene));
  }
  const submit = async (dialog) => {
    const kind = chosen();
    const answers = Object.fromEntries(kind.ask.map((what) => [what, byId(`new-${what}`)?.value ?? ""]));
    const position = kind.type === "group" ? { x: 0, y: 0 } : { x: "50%", y: "50%" };
    const anchor = kind.type === "group" ? { x: 0, y: 0 } : { x: 0.5, y: 0.5 };
    try {
      await add({
        id: id.value.trim(),
        name: name.value.trim(),
        transform: { position, anchor },
        content: kind.content(answers),
      });
      dialog.close();
    } catch (error) {
      const lines = error.errors?.length > 0 ? error.errors.map(words) : [error.message];
      fault.replaceChildren(...lines.map((line) => h("p", {}, line)));
    }
  };
  openDialog(
    "Add a layer",
    [
      kinds,
      special,
      row("Id", id, "For files and programs: letters, digits, - _ ."),
      row("Name", name, "For people; may be empty."),
      fault,
      h("div", { class: "buttons end" }, h("button", { type: "submit", class: "primary" }, "Add")),
    ],
    { onsubmit: submit },
  );
  ask();
  kinds.querySelector(":checked").focus();
}

const row = (label, control, hint) =>
  h(
    "div",
    { class: "field wide" },
    h("label", { for: control.id }, label),
    control,
    hint && h("p", { class: "hint" }, hint),
  );

const QUESTIONS = {
  text: () => {
    const control = h("textarea", { id: "new-text", rows: 2 });
    control.value = "New text";
    return row("Text", control);
  },
  color: () => row("Colour", h("input", { type: "color", id: "new-color", value: "#7c6cf0" })),
  shape: () =>
    row(
      "Form",
      h(
        "select",
        { id: "new-shape" },
        [
          ["rect", "Rectangle"],
          ["roundedRect", "Rounded rectangle"],
          ["ellipse", "Ellipse"],
          ["star", "Star"],
          ["polygon", "Triangle"],
          ["line", "Line"],
          ["path", "Path"],
        ].map(([value, label]) => h("option", { value }, label)),
      ),
    ),
  asset: ({ type }) => {
    const fitting = (state.assets ?? []).filter((asset) => asset.type === type).map(({ id }) => id);
    const list = h(
      "select",
      { id: "new-asset" },
      fitting.map((id) => h("option", { value: id }, id)),
    );
    const hint = h("p", { class: "hint", role: "status" });
    if (fitting.length === 0) say(hint, "The scene has no file of this kind yet. Choose one from this machine.");
    const file = h("input", { type: "file", id: "new-file", accept: ACCEPTED[type] });
    file.addEventListener("change", async () => {
      say(hint, "Sending …");
      const answer = await attempt(() => upload(file.files[0], type));
      say(hint, answer ? `Sent as ${answer.asset.id}.` : "The file was not taken.");
      if (answer) list.append(h("option", { value: answer.asset.id, selected: true }, answer.asset.id));
    });
    return h("div", { class: "special" }, row("File of the scene", list), row("From this machine", file), hint);
  },
};
