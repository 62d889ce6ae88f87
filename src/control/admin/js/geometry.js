// Where layers lie on the canvas, as far as it can be known here: animations and the widths of text are only known to
// the service, so boxes of text are near, and boxes are those of what was written.

const measurer = document.createElement("canvas").getContext("2d");

/** A length in pixels; percentages refer to `whole`. */
export const pixels = (length, whole) =>
  typeof length === "string" ? (parseFloat(length) / 100) * whole : (length ?? 0);

/** The transform of a layer within its parent. */
export function matrixOf(layer, scene, assets) {
  const { position = {}, anchor = {}, scale = 1, rotation = 0, skew = {} } = layer.transform ?? {};
  const { width, height } = scene.canvas;
  const [w, h] = sizeOf(layer, scene, assets) ?? [0, 0];
  const factor = typeof scale === "number" ? { x: scale, y: scale } : scale;
  return new DOMMatrix()
    .translate(pixels(position.x, width), pixels(position.y, height))
    .rotate(rotation)
    .skewX(skew.x ?? 0)
    .skewY(skew.y ?? 0)
    .scale(factor.x, factor.y)
    .translate(-(anchor.x ?? 0) * w, -(anchor.y ?? 0) * h);
}

/** Width and height of a layer's own box, or null where it has none (a group) or nobody knows. */
export function sizeOf(layer, scene, assets) {
  const { content } = layer;
  const { width, height } = scene.canvas;
  const written = content.size && [pixels(content.size.width, width), pixels(content.size.height, height)];
  switch (content.type) {
    case "color":
    case "gradient":
      return written ?? [width, height];
    case "image":
    case "animatedImage":
    case "svg":
      return written ?? assets?.get(content.asset)?.size ?? null;
    case "shape":
      return outline(content.geometry);
    case "text":
      return textSize(content);
    default:
      return null;
  }
}

function outline(geometry) {
  switch (geometry.type) {
    case "polygon":
      return [Math.max(...geometry.points.map(({ x }) => x)), Math.max(...geometry.points.map(({ y }) => y))];
    case "star":
      return [geometry.outerRadius * 2, geometry.outerRadius * 2];
    case "line":
      return [Math.max(geometry.from.x, geometry.to.x), Math.max(geometry.from.y, geometry.to.y)];
    case "path":
      return pathSize(geometry.d);
    default:
      return [geometry.width, geometry.height];
  }
}

function pathSize(d) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", d);
  try {
    const { x, y, width, height } = path.getBBox();
    return [x + width, y + height];
  } catch {
    return null;
  }
}

function textSize({ text, spans = [], font, width, height, lineHeight, letterSpacing }) {
  const all = text + spans.map((span) => span.text).join("");
  const lines = all.split("\n");
  measurer.font = `${font.weight} ${font.size}px Inter, system-ui, sans-serif`;
  const longest = Math.max(...lines.map((line) => measurer.measureText(line).width + line.length * letterSpacing));
  return [width ?? longest, height ?? lines.length * font.size * lineHeight];
}

/** The layers as they lie, the farthest first: `{ layer, matrix, size, parentMatrix }`, without what is hidden. */
export function placed(scene, assets, siblings = scene.layers, outer = new DOMMatrix()) {
  const inOrder = siblings
    .map((layer, index) => ({ layer, index }))
    .sort((a, b) => (a.layer.zIndex ?? 0) - (b.layer.zIndex ?? 0) || a.index - b.index);
  return inOrder.flatMap(({ layer }) => {
    const matrix = outer.multiply(matrixOf(layer, scene, assets));
    const here = { layer, matrix, parentMatrix: outer, size: sizeOf(layer, scene, assets) };
    const inside = layer.visible === false ? [] : placed(scene, assets, layer.children ?? [], matrix);
    // A group's box is that of what is in it, on the canvas.
    if (layer.content.type === "group") here.bounds = union(inside.map(boundsOf));
    return [here, ...inside];
  });
}

/** The corners of a placed layer on the canvas. */
export function corners({ matrix, size, bounds }) {
  if (bounds) {
    const { left, top, right, bottom } = bounds;
    return [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ];
  }
  if (!size) return null;
  const [w, h] = size;
  return [
    [0, 0],
    [w, 0],
    [w, h],
    [0, h],
  ].map(([x, y]) => {
    const point = matrix.transformPoint({ x, y });
    return [point.x, point.y];
  });
}

function boundsOf(place) {
  const points = corners(place);
  if (!points) return null;
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function union(all) {
  const known = all.filter(Boolean);
  if (known.length === 0) return null;
  return {
    left: Math.min(...known.map(({ left }) => left)),
    top: Math.min(...known.map(({ top }) => top)),
    right: Math.max(...known.map(({ right }) => right)),
    bottom: Math.max(...known.map(({ bottom }) => bottom)),
  };
}

/** Whether a point of the canvas is in the box of a placed layer. */
export function isInside({ matrix, size, layer }, { x, y }) {
  if (!size || layer.content.type === "group") return false;
  const own = matrix.inverse().transformPoint({ x, y });
  return own.x >= 0 && own.y >= 0 && own.x <= size[0] && own.y <= size[1];
}
