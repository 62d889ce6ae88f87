// Keys that work wherever the focus is, unless a text is being written. Those without a modifier can be switched off.

import { may, why } from "./access.js";
import { isTyping } from "./dom.js";
import { toast } from "./toasts.js";

const KEY = "stream-manager.single-keys";
const bindings = [];

/** Whether keys without a modifier do something. */
export const singleKeys = () => localStorage.getItem(KEY) !== "off";
/** Switches keys without a modifier on or off. */
export const setSingleKeys = (on) => localStorage.setItem(KEY, on ? "on" : "off");

/** Binds keys such as `ctrl+z` or `?`; `about` is what help says, `needs` what the token must allow. */
export function bind(keys, about, run, needs = "read") {
  bindings.push({ keys, about, run, needs });
}

/** What is bound, for the help. */
export const allBindings = () => bindings;

/** The name of a pressed key as `bind` writes it. */
export function keyName(event) {
  const modifiers = [
    (event.ctrlKey || event.metaKey) && "ctrl",
    event.altKey && "alt",
    event.shiftKey && event.key.length > 1 && "shift",
  ];
  let key = event.key.toLowerCase();
  if (event.shiftKey && (event.ctrlKey || event.metaKey) && key.length === 1) key = `shift+${key}`;
  return [...modifiers, key === " " ? "space" : key].filter(Boolean).join("+");
}

/** Begins to listen. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const name = keyName(event);
    if (!name.includes("+") && !singleKeys()) return;
    const binding = bindings.find(({ keys }) => keys === name);
    if (!binding) return;
    event.preventDefault();
    if (may(binding.needs)) binding.run();
    else toast(why(binding.needs), { kind: "fault" });
  });
}
