// Which fields the content of a layer has, by its type. `[kind, label, path, options]`; paths begin at the layer.

const FIT = ["choice", "Fit", "content.fit", ["contain", "cover", "fill", "none", "scaleDown"]];
const SIZE = [
  ["length", "Width", "content.size.width"],
  ["length", "Height", "content.size.height"],
];
const SIDES = [
  ["figure", "Width", "content.geometry.width", { min: 0 }],
  ["figure", "Height", "content.geometry.height", { min: 0 }],
];

const GEOMETRY = {
  rect: SIDES,
  ellipse: SIDES,
  roundedRect: [...SIDES, ["figure", "Corner radius", "content.geometry.radius", { min: 0 }]],
  star: [
    ["figure", "Points", "content.geometry.points", { min: 2, max: 200 }],
    ["figure", "Outer radius", "content.geometry.outerRadius", { min: 0 }],
    ["figure", "Inner radius", "content.geometry.innerRadius", { min: 0 }],
  ],
  line: [
    ["figure", "From X", "content.geometry.from.x"],
    ["figure", "From Y", "content.geometry.from.y"],
    ["figure", "To X", "content.geometry.to.x"],
    ["figure", "To Y", "content.geometry.to.y"],
  ],
  path: [["text", "Path", "content.geometry.d"]],
  polygon: [],
};

const FIELDS = {
  color: [["color", "Colour", "content.color"], ...SIZE],
  gradient: [["paint", "Gradient", "content.gradient", { isGradient: true }], ...SIZE],
  image: [["asset", "Picture", "content.asset", "image"], FIT, ...SIZE],
  animatedImage: [
    ["asset", "Picture", "content.asset", "animatedImage"],
    FIT,
    ["figure", "Speed", "content.speed", { step: 0.1, min: 0 }],
    ...SIZE,
  ],
  svg: [["asset", "Picture", "content.asset", "svg"], FIT, ...SIZE],
  text: [
    ["longText", "Text", "content.text"],
    ["text", "Font", "content.font.family", { wide: false }],
    ["figure", "Size", "content.font.size", { min: 1, max: 2000 }],
    ["choice", "Weight", "content.font.weight", [100, 200, 300, 400, 500, 600, 700, 800, 900]],
    ["choice", "Style", "content.font.style", ["normal", "italic", "oblique"]],
    ["paint", "Fill", "content.fill"],
    ["choice", "Align", "content.align", ["start", "center", "end", "left", "right", "justify"]],
    ["choice", "Vertical", "content.verticalAlign", ["top", "middle", "bottom"]],
    ["figure", "Box width", "content.width", { min: 0, optional: true }],
    ["figure", "Box height", "content.height", { min: 0, optional: true }],
    ["choice", "Overflow", "content.overflow", ["visible", "clip", "ellipsis"]],
    ["figure", "Line height", "content.lineHeight", { step: 0.05, min: 0.1, max: 10 }],
    ["figure", "Letter spacing", "content.letterSpacing", { step: 0.5 }],
  ],
  group: [],
};

/** The fields of a layer's content. */
export function contentFields({ content }) {
  if (content.type !== "shape") return FIELDS[content.type] ?? [];
  return [
    ...(GEOMETRY[content.geometry.type] ?? []),
    ...(content.fill === undefined ? [] : [["paint", "Fill", "content.fill"]]),
    ...(content.stroke === undefined
      ? []
      : [
          ["paint", "Stroke", "content.stroke.paint"],
          ["figure", "Stroke width", "content.stroke.width", { min: 0, step: 0.5 }],
        ]),
  ];
}

/** What decides which fields there are: as long as it is the same, the fields stay. */
export const shapeOf = ({ content }) =>
  JSON.stringify([
    content.type,
    content.geometry?.type,
    content.fill === undefined,
    content.stroke === undefined,
    Boolean(content.size),
  ]);
