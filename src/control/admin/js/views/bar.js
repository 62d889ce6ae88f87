// The bar at the top: what is on, the transport, the connection, and what concerns the page itself.

import { may, offer } from "../access.js";
import { keepToken, post, token } from "../api.js";
import { undo, redo } from "../edits.js";
import { byId, h, say, set } from "../dom.js";
import { icon, setIcon } from "../icons.js";
import { bind } from "../keys.js";
import { note } from "../log.js";
import { state, update, watch } from "../store.js";
import { nextTheme, theme } from "../theme.js";
import { attempt } from "../toasts.js";
import { TRANSPORT, duration } from "../words.js";
import { openHelp } from "./help.js";

const CONNECTION = {
  connecting: "Connecting …",
  lost: "Connection lost. Trying again …",
  locked: "Token needed",
};

/** Fills the bar. */
export function mountBar() {
  mountTransport();
  mountTools();
  watch(["scene"], () => {
    const name = state.scene?.name || "Stream Manager";
    say(byId("scene-name"), name);
    document.title = state.scene?.name ? `${name} – Stream Manager` : name;
  });
  watch(["transport", "status", "connection"], () => {
    const pill = byId("on-air");
    const { status } = state;
    const isLost = state.connection === "lost";
    const transport = isLost ? null : state.transport;
    pill.dataset.state = transport ?? "unknown";
    say(pill, transport ? TRANSPORT[transport] : isLost ? "No contact" : "…");
    set(pill, "title", status ? `The service has been up for ${duration(status.uptime)}` : null);
  });
  watch(["connection", "status", "scope"], () => {
    const line = byId("connection");
    const { words, title, isFault } = standing();
    line.dataset.state = isFault ? "lost" : state.connection;
    say(line, words);
    set(line, "title", title);
    document.body.dataset.connection = state.connection;
    set(document.body, "data-scope", state.scope);
  });
}

/** What the line at the top says: the one thing that concerns people most. */
function standing() {
  if (state.connection !== "open") return { words: CONNECTION[state.connection] };
  const { store, fileFaults = [] } = state.status ?? {};
  if (store?.connected === false) return { words: "The store is away: changes are not kept yet", isFault: true };
  if (fileFaults.length > 0) {
    const names = fileFaults.map(({ file }) => file.split("/").at(-1));
    const title = fileFaults.map(({ fault }) => fault).join("\n");
    return { words: `Not in force as it was saved: ${names.join(", ")}`, title, isFault: true };
  }
  return { words: may("control") ? "" : "Only to look: the token allows `read`" };
}

/** Gives an order to the transport. */
export async function order(action) {
  const send = () => (action === "step" ? post("/api/stream/step", {}) : post("/api/stream/control", { action }));
  const answer = await attempt(send);
  if (!answer) return;
  if (action === "step") note("event", "One frame on");
  if (answer.state) update({ transport: answer.state });
}

function mountTransport() {
  const air = h("button", { type: "button", id: "air", onclick: () => toggleAir(air) });
  const hold = h("button", { type: "button", id: "hold", onclick: toggleHold }, h("span", {}));
  const step = h(
    "button",
    { type: "button", id: "step", onclick: () => order("step") },
    icon("step"),
    h("span", {}, "Step"),
  );
  air.append(h("span", {}));
  byId("transport").append(air, hold, step);
  watch(["transport", "connection", "scope"], () => {
    const transport = state.connection === "open" ? state.transport : null;
    const stopped = transport === "stopped";
    const paused = transport === "paused";
    setIcon(air, stopped ? "play" : "stop");
    say(air.lastChild, stopped ? "Start" : "Stop");
    air.className = stopped ? "primary" : "";
    setIcon(hold, paused ? "play" : "pause");
    say(hold.lastChild, paused ? "Resume" : "Pause");
    const title = `${paused ? "Let the picture go on" : "Hold the picture"} (K)`;
    offer(hold, "control", { disabled: stopped || !transport, title });
    offer(air, "control", { disabled: !transport });
    offer(step, "control", { disabled: !paused, title: "One frame on (.)" });
  });
  bind("k", "Pause or resume", toggleHold, "control");
  bind(".", "One frame on while paused", () => state.transport === "paused" && order("step"), "control");
}

function toggleHold() {
  if (state.transport === "live") order("pause");
  else if (state.transport === "paused") order("resume");
}

// Viewers are cut off by it: the first press arms, the second stops.
let armed = 0;
function toggleAir(button) {
  if (state.transport === "stopped") {
    order("start");
    return;
  }
  if (armed) {
    disarm(button);
    order("stop");
    return;
  }
  say(button.lastChild, "Stop now?");
  button.classList.add("danger");
  armed = setTimeout(() => disarm(button), 4000);
}

function disarm(button) {
  clearTimeout(armed);
  armed = 0;
  button.classList.remove("danger");
  say(button.lastChild, state.transport === "stopped" ? "Start" : "Stop");
}

function mountTools() {
  const tool = (name, label, keys, run) =>
    h(
      "button",
      { type: "button", class: "quiet bare", "aria-label": label, title: `${label} (${keys})`, onclick: run },
      icon(name),
    );
  const back = tool("undo", "Undo", "Ctrl+Z", undo);
  const again = tool("redo", "Redo", "Ctrl+Shift+Z", redo);
  const look = h("button", { type: "button", class: "quiet bare", id: "theme", onclick: () => showTheme(nextTheme()) });
  const showTheme = (choice) => {
    setIcon(look, { auto: "auto", light: "sun", dark: "moon" }[choice]);
    const label = `Theme: ${{ auto: "as the system", light: "light", dark: "dark" }[choice]}`;
    set(look, "aria-label", label);
    set(look, "title", label);
  };
  showTheme(theme());
  const leave = h(
    "button",
    { type: "button", class: "quiet bare", id: "leave", "aria-label": "Use another token", title: "Use another token" },
    icon("leave"),
  );
  leave.addEventListener("click", () => {
    keepToken(null);
    location.reload();
  });
  byId("tools").append(back, again, look, tool("help", "Help", "?", openHelp), leave);
  watch(["connection"], () => set(leave, "hidden", !token()));
  watch(["past"], () => {
    set(back, "disabled", state.past.length === 0);
    set(again, "disabled", state.future.length === 0);
    const last = state.past.at(-1)?.label;
    set(back, "title", last ? `Undo: ${last} (Ctrl+Z)` : "Nothing to undo");
  });
  bind("ctrl+z", "Undo", undo, "control");
  bind("ctrl+shift+z", "Redo", redo, "control");
  bind("ctrl+y", "Redo", redo, "control");
  bind("?", "Help", openHelp);
}
