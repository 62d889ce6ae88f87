// What the token allows, as the service has told: what it does not allow is not offered, and why is told.

import { h, say, set } from "./dom.js";
import { state, watch } from "./store.js";

const SCOPES = ["read", "control", "admin"];

/** Whether the token allows as much as `needed`. Nothing is withheld before the service has said what it allows. */
export const may = (needed) => state.scope === null || SCOPES.indexOf(state.scope) >= SCOPES.indexOf(needed);

/** Why something is withheld. */
export const why = (needed) => `The token allows \`${state.scope}\`, but this asks for one that allows \`${needed}\`.`;

/** Lets a control be used if the token allows `needed` and nothing else forbids it. Its title says what it does, or why not. */
export function offer(control, needed, { disabled = false, title } = {}) {
  set(control, "disabled", disabled || !may(needed));
  set(control, "title", may(needed) ? title : why(needed));
}

/** A line that tells what is withheld, as long as it is: `what` begins it. */
export function notice(needed, what) {
  const line = h("p", { class: "hint withheld" });
  watch(["scope"], () => {
    line.hidden = may(needed);
    say(line, `${what} takes a token that allows \`${needed}\`; this one allows \`${state.scope}\`.`);
  });
  return line;
}

/** Holds controls that can be used only if the token allows `needed`. */
export function guarded(needed, ...children) {
  const field = h("fieldset", { class: "guarded" }, children);
  watch(["scope"], () => set(field, "disabled", !may(needed)));
  return field;
}
