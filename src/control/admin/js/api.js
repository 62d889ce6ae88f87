// Requests to the public API. What is refused is thrown as a `Problem`, which can be shown as it is.

import { may, why } from "./access.js";
import { state, update } from "./store.js";

const TOKEN = "stream-manager.token";

/** An RFC 9457 problem document, or what came in its place. */
export class Problem extends Error {
  constructor(status, title, detail, errors = []) {
    super(detail || title);
    Object.assign(this, { name: "Problem", status, title, errors });
  }
}

/** The token that was typed in this tab, or null. It is kept until the tab is closed. */
export const token = () => sessionStorage.getItem(TOKEN);

/** Keeps a token, or forgets it. */
export function keepToken(text) {
  if (text) sessionStorage.setItem(TOKEN, text);
  else sessionStorage.removeItem(TOKEN);
}

/** Sends a request and gives the response, whatever is in it. */
export async function send(method, path, { body, type = "application/json", headers = {}, signal } = {}) {
  // Keys and gestures come here without a control that could be withheld.
  if (method !== "GET" && !may("control")) throw new Problem(403, "Not allowed", why("control"));
  const shown = token();
  let response;
  try {
    response = await fetch(path, {
      method,
      body,
      signal,
      cache: "no-store",
      headers: {
        ...(body === undefined ? {} : { "content-type": type }),
        ...(shown ? { authorization: `Bearer ${shown}` } : {}),
        ...headers,
      },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "No answer", "The service does not answer.");
  }
  if (response.ok) return response;
  if (response.status === 401 && state.connection !== "locked") update({ connection: "locked" });
  throw await problem(response);
}

async function problem(response) {
  const title = response.statusText || `HTTP ${response.status}`;
  try {
    const told = await response.json();
    return new Problem(response.status, told.title ?? title, told.detail, told.errors);
  } catch {
    return new Problem(response.status, title, `The service answered ${response.status} ${title}.`);
  }
}

/** Sends JSON, gives JSON. */
export async function json(method, path, document) {
  const response = await send(method, path, { body: document === undefined ? undefined : JSON.stringify(document) });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** GET of JSON. */
export const get = (path) => json("GET", path);
/** POST of JSON. */
export const post = (path, document) => json("POST", path, document);
/** A part of a path. */
export const part = encodeURIComponent;
