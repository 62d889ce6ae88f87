// Every change of the scene goes through here: one batch, all or nothing, shown by one frame, and it can be undone.

import { post } from "./api.js";
import { inverse } from "./inverse.js";
import { note } from "./log.js";
import { find } from "./scene.js";
import { state, touch } from "./store.js";
import { fault, toast } from "./toasts.js";

const REMEMBERED = 100;
/** Changes of the same thing that follow on each other within this time are undone as one. */
const ONE_GESTURE = 1200;

/** What was sent last and is not answered yet: whoever takes changes back waits for it. */
let pending = Promise.resolve();

/**
 * Sends edits. `label` says in a few words what they do; edits with the same `gesture` are undone as one. Throws a
 * `Problem` if they are refused. When it is done the page knows the scene as it is then.
 */
export function edit(edits, { label, gesture } = {}) {
  const sent = carryOut(edits, label, gesture);
  pending = Promise.allSettled([pending, sent]);
  return sent;
}

async function carryOut(edits, label, gesture) {
  const undo = inverse(state.scene, edits);
  const answer = await post("/api/stream/layers/batch", { edits });
  // Done again, it is done with what is there then.
  const changes = edits.filter(({ op }) => op !== "expect");
  if (undo) remember({ label, gesture, edits: changes, undo });
  note("edit", label, answer?.persisted === false ? "not stored yet" : "");
  await caughtUp(answer.tick);
  return answer;
}

/** Waits until the diff of a tick has come. An edit that changed nothing has none. */
async function caughtUp(tick) {
  for (let tries = 0; tries < 20 && !(state.tick >= tick); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let turn = Promise.resolve();
/** Does one thing after the other: each begins with what the one before has led to. */
export function inTurn(work) {
  turn = turn.then(work, work);
  return turn;
}

/** The same; a refusal is shown, and undefined is given. */
export async function tryEdit(edits, options) {
  try {
    return await edit(edits, options);
  } catch (error) {
    fault(error, options?.label);
    return undefined;
  }
}

/** A patch for each of the layers. */
export const patches = (ids, patch) =>
  ids.map((id) => ({
    op: "patchLayer",
    id,
    patch: typeof patch === "function" ? patch(find(state.scene, id)) : patch,
  }));

function remember(step) {
  const last = state.past.at(-1);
  const now = performance.now();
  if (step.gesture && last?.gesture === step.gesture && now - last.when < ONE_GESTURE) {
    last.edits = [...last.edits, ...step.edits];
    last.undo = [...step.undo, ...last.undo];
    last.when = now;
  } else {
    state.past.push({ ...step, when: now });
    if (state.past.length > REMEMBERED) state.past.shift();
  }
  state.future = [];
  touch("past");
}

/** Takes the last change back. */
export const undo = () => inTurn(() => travel(state.past, state.future, "undo", "Undone"));
/** Does again what was undone. */
export const redo = () => inTurn(() => travel(state.future, state.past, "edits", "Done again"));

async function travel(from, to, which, words) {
  await pending;
  const step = from.pop();
  if (!step) return;
  touch("past");
  try {
    const answer = await post("/api/stream/layers/batch", { edits: step[which] });
    await caughtUp(answer.tick);
    to.push({ ...step, when: 0 });
    note("edit", `${words}: ${step.label}`);
    toast(`${words}: ${step.label}`, { seconds: 3 });
  } catch (error) {
    fault(error);
  }
  touch("past");
}

/**
 * For values that change faster than answers come, such as a slider's: `send(value)` runs one at a time, and of those
 * that pile up only the last is sent.
 */
export function latest(send) {
  let running = false;
  let waiting = null;
  return async function offer(value) {
    if (running) {
      waiting = { value };
      return;
    }
    running = true;
    try {
      await send(value);
    } finally {
      running = false;
      if (waiting) {
        const { value: next } = waiting;
        waiting = null;
        offer(next);
      }
    }
  };
}
