// Line icons on a 16 by 16 grid, drawn in the colour of the text.

import { s } from "./dom.js";

const PATHS = {
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  hidden:
    "M2 2l12 12M6.2 3.8A6.4 6.4 0 0 1 8 3.5C12 3.5 14.5 8 14.5 8a12 12 0 0 1-2 2.5M9.8 12.2a6 6 0 0 1-1.8.3C4 12.5 1.5 8 1.5 8a12 12 0 0 1 2.4-2.9",
  play: "M4.5 2.8v10.4l8.5-5.2Z",
  pause: "M5 3v10M11 3v10",
  stop: "M3.5 3.5h9v9h-9Z",
  step: "M4 3v10l6.5-5ZM12.5 3v10",
  reverse: "M11.5 2.8v10.4L3 8Z",
  plus: "M8 3v10M3 8h10",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9M6.7 7v4M9.3 7v4",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  undo: "M6 3 2.5 6.5 6 10M2.5 6.5h7a4 4 0 0 1 0 8H7",
  redo: "M10 3l3.5 3.5L10 10M13.5 6.5h-7a4 4 0 0 0 0 8H9",
  chevron: "M6 4l4 4-4 4",
  grip: "M6 4v.01M10 4v.01M6 8v.01M10 8v.01M6 12v.01M10 12v.01",
  group: "M2 4.5v8h12v-7H8l-1.5-2H2Z",
  text: "M3 4V3h10v1M8 3v10M6 13h4",
  image: "M2 3h12v10H2ZM2 11l3.5-3.5L9 11l2-2 3 3M10.5 6v.01",
  animatedImage: "M2 3h12v10H2ZM5 3v10M11 3v10M2 6.3h3M2 9.6h3M11 6.3h3M11 9.6h3",
  svg: "M3 12C5 3 11 13 13 4M3 12v.01M13 4v.01M2 12a1 1 0 1 0 2 0 1 1 0 0 0-2 0ZM12 4a1 1 0 1 0 2 0 1 1 0 0 0-2 0Z",
  shape: "M2 6.5h7.5V14H2ZM6 6.4A4 4 0 1 1 9.7 10",
  color: "M8 2s4.5 4.7 4.5 8a4.5 4.5 0 0 1-9 0C3.5 6.7 8 2 8 2Z",
  gradient: "M2.5 2.5h11v11h-11ZM2.5 13.5l11-11M7 13.5 13.5 7",
  unknown: "M2.5 2.5h11v11h-11ZM8 11v.01M6.3 6.3a1.7 1.7 0 1 1 2.4 1.5L8 8.8",
  layers: "M8 2 1.5 5.5 8 9l6.5-3.5ZM1.5 8.5 8 12l6.5-3.5M1.5 11.3 8 14.8l6.5-3.5",
  sliders: "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M10 2.5v4M6 9.5v4",
  scenes: "M2 4.5h9v8H2ZM5 4.5v-2h9v8h-3",
  motion: "M2 12c3 0 3-8 6-8s3 8 6 8",
  sound: "M2 6v4h2.5L8 13V3L4.5 6ZM10.5 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.3 6.3 0 0 1 0 9",
  mute: "M2 6v4h2.5L8 13V3L4.5 6ZM11 6l4 4M15 6l-4 4",
  output:
    "M8 9.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM5 11a4.2 4.2 0 0 1 0-6M11 5a4.2 4.2 0 0 1 0 6M2.8 13.2a7.3 7.3 0 0 1 0-10.4M13.2 2.8a7.3 7.3 0 0 1 0 10.4",
  log: "M3 4h10M3 8h10M3 12h6",
  settings:
    "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
  help: "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM8 11.5v.01M6.3 6.2A1.750 1.750 0 1 1 8.8 7.8L8 8.5v.7",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  auto: "M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM8 2v12M8.5 3h1.5M8.5 5.5H13M8.5 8H14M8.5 10.5H13M8.5 13h1.5",
  warning: "M8 2 1.5 13.5h13ZM8 6.5v3.5M8 12v.01",
  close: "M4 4l8 8M12 4l-8 8",
  lock: "M4 7h8v6.5H4ZM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  bolt: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8Z",
  frame: "M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3",
  code: "M5 4 1.5 8 5 12M11 4l3.5 4L11 12",
  pencil: "M3 13l.6-2.8L11 2.8l2.2 2.2-7.4 7.4ZM9.6 4.2l2.2 2.2",
  leave: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  check: "M3 8.5 6.5 12 13 4.5",
};

/** An icon; decoration only, so the thing that it stands on needs a name of its own. */
export function icon(name) {
  const path = s("path", { d: PATHS[name] ?? PATHS.unknown });
  return s("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, path);
}

/** Puts another icon into an element that holds one. */
export function setIcon(element, name) {
  if (element.dataset.icon === name) return;
  element.dataset.icon = name;
  element.querySelector("svg")?.remove();
  element.prepend(icon(name));
}
