// What a person put on the drawing: colours and locks, with undo and redo. Strokes travel as strokes, not as pictures.

export const FILL = 5; // px; width of the dot that fills an area

export class Marks {
  constructor() {
    this.done = [];
    this.undone = [];
  }

  // As they were when candidates were asked for; a dot of the fill's width fills its area again.
  static of(asked) {
    const marks = new Marks();
    for (const [verb, ...at] of asked?.edits || []) {
      const points = at.flatMap((x, k) => (k % 2 ? [] : [[x, at[k + 1]]]));
      marks.done.push({ kind: "edit", verb, points });
    }
    for (const stroke of asked?.strokes || []) {
      const fills = stroke.points.length === 1 && stroke.width === FILL;
      marks.done.push({ kind: "stroke", ...stroke, fills, area: null });
    }
    for (const point of asked?.locks || []) marks.done.push({ kind: "lock", point, area: null });
    return marks;
  }

  // {kind: "stroke", color ("" erases), width, points, fills, area (a number, or null)},
  // {kind: "lock", point, area} or {kind: "edit", verb ("cut" or "join"), points}
  add(mark) {
    this.done.push(mark);
    this.undone = [];
  }

  undo() {
    if (this.done.length) this.undone.push(this.done.pop());
  }

  redo() {
    if (this.undone.length) this.done.push(this.undone.pop());
  }

  get strokes() {
    return this.done.filter((mark) => mark.kind === "stroke");
  }

  // Areas have other numbers once some are cut or joined.
  place(areaAt) {
    for (const mark of this.done) {
      if (mark.fills) mark.area = areaAt(mark.points[0]);
      if (mark.kind === "lock") mark.area = areaAt(mark.point);
    }
  }

  get lines() {
    return this.done.filter((mark) => mark.kind === "edit");
  }

  get edits() {
    return this.lines.map(({ verb, points }) => [verb, ...points.flat()]);
  }

  // Area -> the place where it was locked; a second click unlocks. None before the areas of the page are there.
  get locked() {
    const found = new Map();
    for (const mark of this.done.filter((each) => each.kind === "lock" && each.area !== null)) {
      if (!found.delete(mark.area)) found.set(mark.area, mark.point);
    }
    return found;
  }

  forWish() {
    return this.strokes.map(({ color, width, points }) => ({ color, width, points }));
  }

  get colors() {
    return [...new Set(this.strokes.map((stroke) => stroke.color).filter(Boolean))];
  }
}

// Draw strokes on a context of the drawing's size; a filled area is shown whole at once.
export function drawStrokes(context, strokes, areas) {
  for (const stroke of strokes) {
    context.globalCompositeOperation = stroke.color ? "source-over" : "destination-out";
    context.fillStyle = context.strokeStyle = stroke.color || "#000000";
    if (stroke.area !== null && areas) fillArea(context, areas, stroke.area, stroke.color);
    drawLine(context, stroke);
  }
  context.globalCompositeOperation = "source-over";
}

function drawLine(context, { points, width }) {
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
  context.beginPath(); // a stroke of no length paints nothing: the dot
  context.arc(...points[0], width / 2, 0, 2 * Math.PI);
  context.fill();
}

function fillArea(context, areas, area, color) {
  const box = areas.boxes.get(area);
  if (box) context.drawImage(areaPicture(areas, area, color), box.left, box.top);
}

// A canvas of an area's box, painted in one colour inside of the area.
export function areaPicture(areas, area, color) {
  const key = `${area}${color}`, box = areas.boxes.get(area);
  if (areas.pictures.has(key)) return areas.pictures.get(key);
  const canvas = new OffscreenCanvas(box.right - box.left + 1, box.bottom - box.top + 1);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  const paint = color ? [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)) : [0, 0, 0];
  for (let y = 0, to = 0; y < canvas.height; y++) {
    let from = (box.top + y) * areas.width + box.left;
    for (let x = 0; x < canvas.width; x++, from++, to += 4) {
      if (areas.labels[from] !== area) continue;
      pixels.data.set(paint, to);
      pixels.data[to + 3] = 255;
    }
  }
  context.putImageData(pixels, 0, 0);
  if (areas.pictures.size > 64) areas.pictures.clear();
  areas.pictures.set(key, canvas);
  return canvas;
}

// The studio's picture of areas -> {width, height, labels, boxes}.
export function areasFrom(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, image.width, image.height);
  const labels = new Int32Array(width * height);
  const boxes = new Map();
  for (let i = 0, at = 0; i < labels.length; i++, at += 4) {
    const label = (labels[i] = data[at] + 256 * data[at + 1] + 65536 * data[at + 2]);
    const x = i % width, y = (i / width) | 0;
    const box = boxes.get(label);
    if (!box) boxes.set(label, { left: x, right: x, top: y, bottom: y });
    else {
      if (x < box.left) box.left = x;
      if (x > box.right) box.right = x;
      box.bottom = y;
    }
  }
  return { width, height, labels, boxes, pictures: new Map() };
}
