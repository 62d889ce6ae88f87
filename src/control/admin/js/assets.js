// The files that layers draw from.

import { get, part, send } from "./api.js";
import { freeId } from "./scene.js";
import { state, update, watch } from "./store.js";

let known = "";

/** The assets by their ids. */
export const assetsById = () => new Map((state.assets ?? []).map((asset) => [asset.id, asset]));

/** Asks for the assets when the scene has others, and again while some are being loaded. */
export function startAssets() {
  watch(["scene", "connection"], () => {
    const now = JSON.stringify(state.scene?.assets ?? []);
    if (now === known || state.connection !== "open") return;
    known = now;
    ask();
  });
}

async function ask(tries = 0) {
  try {
    const { assets } = await get("/api/stream/assets");
    update({ assets });
    if (tries < 20 && assets.some(({ state: readiness }) => readiness === "loading"))
      setTimeout(() => ask(tries + 1), 1000);
  } catch {
    known = "";
  }
}

/** What files can be sent for each type of content. */
export const ACCEPTED = {
  image: "image/png,image/jpeg,image/webp",
  animatedImage: "image/gif,image/apng,image/webp,image/png",
  svg: "image/svg+xml",
};

/** Sends a file as an asset of a type; its id is made from its name. Gives `{ tick, asset }`. */
export async function upload(file, type) {
  const stem = file.name
    .replace(/\.[^.]*$/, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "");
  const id = freeId(stem.slice(0, 60) || type.toLowerCase(), new Set(assetsById().keys()));
  const path = `/api/stream/assets/${part(id)}?type=${type}`;
  const response = await send("PUT", path, { body: file, type: file.type || "application/octet-stream" });
  return response.json();
}
