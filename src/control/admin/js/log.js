// What has happened, newest last.

import { state, touch } from "./store.js";

const KEPT = 500;
let number = 0;

/** Writes an entry. `kind` is `edit`, `event`, `output`, `fault` or `page`. */
export function note(kind, text, detail = "") {
  state.log.push({ number: (number += 1), at: new Date(), kind, text: text ?? "Changed", detail });
  if (state.log.length > KEPT) state.log.shift();
  touch("log");
}
