// For services that speak version 1 of the protocol: figures and pictures are asked for.

import { get, send } from "./api.js";
import { wantedPreview } from "./connection.js";
import { takeStatus } from "./status.js";
import { state } from "./store.js";

/** Begins to ask. */
export async function poll(showPicture) {
  if (!document.hidden && state.connection !== "locked" && !(state.protocol >= 2)) {
    try {
      takeStatus(await get("/api/stream/status"));
      const response = await send("GET", `/api/stream/frame?format=jpeg&width=${wantedPreview()?.width ?? 640}`);
      showPicture(await response.blob(), { tick: Number(response.headers.get("stream-tick")) });
    } catch {
      // The connection tells when the service is away.
    }
  }
  setTimeout(() => poll(showPicture), 700);
}
