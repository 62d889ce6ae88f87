// What each message of the WebSocket means for what the page knows.

import { byId as byElementId } from "./dom.js";
import { note } from "./log.js";
import { apply } from "./scene.js";
import { byId, state, touch, update } from "./store.js";
import { takeStatus } from "./status.js";
import { toast } from "./toasts.js";
import { TRANSPORT, spaced } from "./words.js";

/** The fault that was noted last: of a file it is told once more, as what stands. */
let told = null;

/** By type. One gives `"stale"` if what the page knows of the scene cannot be trusted any more. */
export const HANDLERS = {
  hello({ scope }) {
    // The active layer is told again if there is one.
    update({ active: null, scope: scope ?? null });
  },
  snapshot({ scene, seq, epoch, tick }) {
    scene.layers ??= [];
    update({ scene, seq, epoch, tick, connection: "open" });
  },
  resumed({ isComplete }) {
    if (isComplete) update({ connection: "open" });
  },
  layerUpdate(message) {
    const since = message.since ?? message.seq - 1;
    if (message.seq <= state.seq) return undefined;
    if (since > state.seq || !apply(state.scene, message)) return "stale";
    state.seq = message.seq;
    state.tick = message.tick;
    touch("scene");
    return undefined;
  },
  streamEvent(message) {
    EVENTS[message.event]?.(message);
  },
  metrics(status) {
    takeStatus(status);
  },
  levels(levels) {
    update({ levels });
  },
  missed({ count }) {
    note("page", `${count} events were missed`);
    // The state follows.
    update({ active: null });
  },
  error({ detail, message }) {
    const text = detail ?? message;
    told = text;
    note("fault", text);
    const [first, ...more] = text.split("\n");
    const action = { label: "See the log", run: () => byElementId("tab-log").click() };
    toast(first, { kind: "fault", detail: more.slice(0, 3), action });
  },
};

const EVENTS = {
  transport({ state: transport }) {
    if (state.transport && state.transport !== transport) note("event", TRANSPORT[transport] ?? transport);
    update({ transport });
  },
  output({ output }) {
    const known = state.outputs.find(({ id }) => id === output.id);
    if (known?.state !== output.state) {
      const kind = output.state === "failed" || output.state === "reconnecting" ? "fault" : "output";
      note(kind, `Output ${output.id}: ${spaced(output.state).toLowerCase()}`, output.lastError);
    }
    const others = state.outputs.filter(({ id }) => id !== output.id);
    update({ outputs: [...others, { ...known, ...output }].sort(byId) });
    touch("outputChanged");
  },
  outputRemoved({ id }) {
    note("output", `Output ${id}: removed`);
    update({ outputs: state.outputs.filter((output) => output.id !== id) });
    touch("outputChanged");
  },
  configuration({ values }) {
    note("event", "Settings changed", Object.keys(values).join(", "));
    touch("config");
  },
  scenes({ active }) {
    // What was done to the layers of another scene cannot be taken back in this one.
    if (state.held && state.held !== active) {
      note("event", `Scene on air: ${active}`);
      update({ past: [], future: [], selection: [] });
    }
    update({ held: active });
  },
  activeLayer({ id }) {
    if (id && id !== state.active) note("event", `Layer that is worked on: ${id}`);
    update({ active: id });
  },
  store({ store }) {
    if (store.connected) note("event", "The store is back: everything is kept again");
    else note("fault", "The store is away: changes are kept in memory until it is back", store.lastError);
  },
  file({ file, fault }) {
    if (!fault) note("event", `${file}: what it says is in force`);
    else if (fault !== told) note("fault", fault);
    told = fault;
  },
  fired({ name }) {
    note("event", `Event fired: ${name}`);
  },
  bitrate({ kbps, full, output }) {
    note(kbps < full ? "fault" : "event", `Bitrate: ${kbps} of ${full} kbit/s`, output && `The link of ${output}`);
  },
  stall({ stalled, message }) {
    note(stalled ? "fault" : "event", message);
  },
  shedding({ shedding }) {
    if (shedding.level > 0)
      note("fault", `The machine does not keep up: drawing with less care, step ${shedding.level}`);
    else note("event", "Drawing with full care");
  },
};
