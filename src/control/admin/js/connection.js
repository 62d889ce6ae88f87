// The WebSocket (protocol 2): the scene and its diffs, events, figures, preview pictures. It comes back by itself, with
// what was missed.

import { get, token } from "./api.js";
import { HANDLERS } from "./messages.js";
import { note } from "./log.js";
import { state, update } from "./store.js";

const PROTOCOL = "stream-manager";
const PATIENCE = { first: 400, most: 8000 };
/** A service that says nothing for so long, not even figures or pongs, is gone. */
const SILENCE = 12_000;
const PING_EVERY = 4000;
/** Bytes before the JPEG file in a preview message. */
const HEADER = 16;

let socket = null;
let wait = PATIENCE.first;
let timer = 0;
let heard = 0;
let preview = null;
let hears = false;
let showPicture = () => {};

/** Connects, and again whenever the connection is lost. */
export function connect() {
  clearTimeout(timer);
  if (!socket && state.connection !== "locked") open();
}

/** Connects anew and waits no longer: the network is back, there is a token now, or something was missed. */
export function reconnect() {
  const old = socket;
  socket = null;
  old?.close();
  wait = PATIENCE.first;
  connect();
}

/** Asks for preview pictures; `null` ends them. */
export function askPreview(wanted) {
  preview = wanted;
  if (wanted) say({ type: "preview", ...wanted });
  else say({ type: "endPreview" });
}

/** Asks for levels of the sound, or ends them. */
export function askLevels(wanted) {
  if (hears === wanted) return;
  hears = wanted;
  subscribe();
}

function subscribe() {
  say({ type: "subscribe", topics: ["scene", "events", "metrics", ...(hears ? ["levels"] : [])] });
}

/** Calls `listener(blob, { width, height, tick })` for each picture. */
export function onPicture(listener) {
  showPicture = listener;
}

function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function open() {
  const address = new URL("/ws", location.href.replace(/^http/, "ws"));
  if (state.epoch) {
    address.searchParams.set("epoch", state.epoch);
    address.searchParams.set("seq", state.seq);
  }
  const own = new WebSocket(address, protocols());
  let isOpen = false;
  own.binaryType = "arraybuffer";
  socket = own;
  heard = performance.now();
  own.addEventListener("open", () => {
    isOpen = true;
    wait = PATIENCE.first;
    if (state.connection === "lost") note("page", "Connected again");
  });
  own.addEventListener("message", ({ data }) => {
    if (socket !== own) return;
    heard = performance.now();
    if (typeof data === "string") receive(JSON.parse(data));
    else picture(data);
  });
  own.addEventListener("close", () => {
    if (socket !== own) return;
    socket = null;
    lost();
    // A browser does not say why a WebSocket was refused; a request does, and if it is for the token asks for it.
    if (!isOpen) get("/api/stream/status").catch(() => {});
  });
}

/** The only header of a WebSocket that a page can choose carries the token, in base64url without padding. */
function protocols() {
  const shown = token();
  if (!shown) return [PROTOCOL];
  const bytes = String.fromCharCode(...new TextEncoder().encode(shown));
  return [PROTOCOL, `token.${btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "")}`];
}

function lost() {
  if (state.connection === "open") note("page", "Connection lost");
  if (state.connection !== "locked") update({ connection: state.scene ? "lost" : "connecting" });
  timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, PATIENCE.most);
}

function receive(message) {
  if (message.type === "hello" && preview) say({ type: "preview", ...preview });
  if (message.type === "hello" && hears) subscribe();
  if (HANDLERS[message.type]?.(message) === "stale") {
    update({ epoch: null });
    reconnect();
  }
}

function picture(data) {
  const head = new DataView(data);
  if (data.byteLength < HEADER || head.getUint8(0) !== 1) return;
  const told = { width: head.getUint16(4), height: head.getUint16(6), tick: Number(head.getBigUint64(8)) };
  showPicture(new Blob([new Uint8Array(data, HEADER)], { type: "image/jpeg" }), told);
}

setInterval(() => {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (performance.now() - heard > SILENCE) reconnect();
  else say({ type: "ping" });
}, PING_EVERY);
addEventListener("online", () => state.connection !== "open" && reconnect());
document.addEventListener("visibilitychange", () => !document.hidden && state.connection === "lost" && reconnect());
