// Shows a fresh still and the main figures every second while somebody looks.
const picture = document.getElementById("picture");
const state = document.getElementById("state");
const figures = document.getElementById("figures");

async function refresh() {
  const [frame, answer] = await Promise.all([
    fetch("/api/stream/frame?format=jpeg&width=960"),
    fetch("/api/stream/status"),
  ]);
  if (!frame.ok || !answer.ok) throw new Error(`HTTP ${frame.status}, ${answer.status}`);
  const status = await answer.json();
  const { width, height } = status.resolution;
  picture.src = await dataUrl(await frame.blob());
  state.textContent = { live: "On air", paused: "Paused", stopped: "Off air" }[status.state] ?? status.state;
  state.dataset.state = status.state;
  // Where the stream goes to a platform it is watched there.
  document.getElementById("live").hidden = !status.outputs.some((output) => output.id === "live");
  figures.replaceChildren(
    ...[
      `${width} × ${height}`,
      `${status.fps.toFixed(1)} of ${status.targetFPS} fps`,
      `${status.averageRenderTime.toFixed(1)} ms a frame`,
      `${status.droppedFrames} dropped`,
      `${status.layerCount} layers`,
    ].map((text) => Object.assign(document.createElement("span"), { textContent: text })),
  );
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function watch() {
  if (!document.hidden) {
    try {
      await refresh();
    } catch (error) {
      state.textContent = `No answer (${error.message})`;
      delete state.dataset.state;
    }
  }
  setTimeout(watch, 1000);
}

watch();
