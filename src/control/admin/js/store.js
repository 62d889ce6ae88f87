// What the page knows. Views read it, and are told once a turn which parts have changed.

const listeners = [];
let changed = new Set();

/** The parts; each is replaced or changed through `update` only. */
export const state = {
  /** `connecting`, `open`, `lost`, or `locked` while a token is missing. */
  connection: "connecting",
  /** What the token allows: `read`, `control` or `admin`; null before it has been told. */
  scope: null,
  /** The scene document with its layers, as the diffs have brought it to. */
  scene: null,
  /** Numbers of the last diff that is part of it and of its tick, and of the run of the service that they belong to. */
  seq: 0,
  tick: 0,
  epoch: null,
  /** `live`, `paused` or `stopped`; null before anything is known. */
  transport: null,
  /** The last answer of `/api/stream/status`. */
  status: null,
  /** The last minute of figures, oldest first. */
  history: { fps: [], renderTime: [], drops: [], layers: [], clients: [] },
  outputs: [],
  /** The last `levels` of the WebSocket; null before any. */
  levels: null,
  /** The id of the scene on air, once it has been told. */
  held: null,
  /** The id of the layer that people work on, as any client has chosen it; null if it is none. */
  active: null,
  /** Ids of the layers that are being worked on here; the last one leads. */
  selection: [],
  /** Ids of the groups that are folded. */
  folded: new Set(),
  log: [],
  /** What can be undone and redone. */
  past: [],
  future: [],
};

/** Changes parts and tells the views, after the present turn. */
export function update(parts) {
  Object.assign(state, parts);
  for (const name of Object.keys(parts)) touch(name);
}

/** Tells the views that a part was changed in place. */
export function touch(name) {
  if (changed.size === 0) queueMicrotask(tell);
  changed.add(name);
}

function tell() {
  const names = changed;
  changed = new Set();
  for (const { parts, listener } of listeners) {
    if (parts.some((part) => names.has(part))) listener(names);
  }
}

/** Calls `listener` now, and whenever one of `parts` has changed. */
export function watch(parts, listener) {
  listeners.push({ parts, listener });
  listener(new Set(parts));
}

/** The order in which outputs stand. It must not change under a hand that is about to click. */
export const byId = (a, b) => a.id.localeCompare(b.id);
