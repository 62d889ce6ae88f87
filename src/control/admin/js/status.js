// How the stream is doing: told once a second.

import { byId, state, touch, update } from "./store.js";

const KEPT = 60;

/** Takes the fields of `/api/stream/status`. */
export function takeStatus(status) {
  const before = state.status;
  const { history } = state;
  const rose = before && status.droppedFrames >= before.droppedFrames;
  const figures = [
    [history.fps, status.fps],
    [history.renderTime, status.averageRenderTime],
    [history.drops, rose ? status.droppedFrames - before.droppedFrames : 0],
    [history.layers, status.layerCount],
    [history.clients, status.connectedClients],
  ];
  for (const [list, value] of figures) {
    list.push(value);
    if (list.length > KEPT) list.shift();
  }
  // Bytes rise; what they rise by is the bitrate.
  const seconds = before ? status.uptime - before.uptime : 0;
  const outputs = status.outputs.map((output) => {
    const earlier = before?.outputs.find(({ id }) => id === output.id);
    const bits = earlier && seconds > 0.2 ? ((output.bytes - earlier.bytes) * 8) / seconds : 0;
    const known = state.outputs.find(({ id }) => id === output.id);
    return { ...output, rate: [...(known?.rate ?? []), Math.max(0, bits)].slice(-KEPT) };
  });
  outputs.sort(byId);
  update({ status, outputs, transport: status.state });
  touch("history");
}
