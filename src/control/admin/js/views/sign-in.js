// Asks for the token where the service wants one.

import { get, keepToken, token } from "../api.js";
import { reconnect } from "../connection.js";
import { h, say } from "../dom.js";
import { state, update, watch } from "../store.js";
import { openDialog } from "./dialog.js";

let dialog = null;

/** Opens the dialog whenever the page is locked. */
export function mountSignIn() {
  watch(["connection"], () => {
    if (state.connection === "locked" && !dialog) ask();
  });
}

function ask() {
  const field = h("input", {
    type: "password",
    id: "token",
    autocomplete: "current-password",
    required: true,
    "aria-describedby": "token-error",
  });
  const fault = h("p", { id: "token-error", class: "field-error", role: "alert" });
  if (token()) say(fault, "The token that was typed before is not taken any more.");
  const open = async () => {
    keepToken(field.value.trim());
    try {
      await get("/api/stream/status");
    } catch (error) {
      keepToken(null);
      say(fault, error.message);
      field.select();
      return;
    }
    dialog.close();
    update({ connection: "connecting" });
    reconnect();
  };
  dialog = openDialog(
    "Token",
    [
      h(
        "p",
        {},
        "This service is steered with a token: the one that was set as API_TOKEN. It is kept in this tab only.",
      ),
      h("label", { for: "token" }, "Token"),
      field,
      fault,
      h("div", { class: "buttons end" }, h("button", { type: "submit", class: "primary" }, "Continue")),
    ],
    { onsubmit: open, closable: false },
  );
  dialog.addEventListener("close", () => {
    dialog = null;
  });
  field.focus();
}
