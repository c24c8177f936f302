// The drawing on the screen: zoom, pan, what lies over it, and pointers turned into places on the page.

import { areaPicture, drawStrokes } from "./marks.js";

export class View {
  constructor(canvas, used) {
    Object.assign(this, { canvas, used, scale: 1, x: 0, y: 0, pointers: new Map(), tool: "fill" });
    Object.assign(this, { drawing: null, picture: null, areas: null, marks: null, cross: null, hover: null, live: null });
    new ResizeObserver(() => this.resized()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => this.up(event));
    canvas.addEventListener("pointerleave", () => this.hovered(null));
    canvas.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
  }

  show(drawing, marks) {
    Object.assign(this, { drawing, marks, picture: null, areas: null, over: null, cross: null, fitted: true });
    this.fit();
  }

  resized() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    if (this.fitted) this.fit();
    else this.draw();
  }

  fit() {
    if (!this.drawing) return;
    const { width, height } = this.canvas;
    this.scale = 0.94 * Math.min(width / this.drawing.width, height / this.drawing.height);
    this.x = (width - this.scale * this.drawing.width) / 2;
    this.y = (height - this.scale * this.drawing.height) / 2;
    this.fitted = true;
    this.draw();
  }

  zoom(factor, at = [this.canvas.width / 2, this.canvas.height / 2]) {
    const scale = Math.min(40, Math.max(0.02, this.scale * factor));
    this.x = at[0] - ((at[0] - this.x) * scale) / this.scale;
    this.y = at[1] - ((at[1] - this.y) * scale) / this.scale;
    Object.assign(this, { scale, fitted: false });
    this.draw();
  }

  // Strokes changed: what lies over the picture is drawn anew.
  changed() {
    const { width, height } = this.drawing;
    this.over = new OffscreenCanvas(width, height);
    const context = this.over.getContext("2d");
    drawStrokes(context, [...this.marks.strokes, ...(this.live?.kind === "stroke" ? [this.live] : [])], this.areas);
    const inked = new OffscreenCanvas(width, height), above = inked.getContext("2d"); // lines stay above colours
    above.drawImage(this.over, 0, 0);
    above.globalCompositeOperation = "multiply";
    above.drawImage(this.drawing, 0, 0);
    above.globalCompositeOperation = "destination-in";
    above.drawImage(this.over, 0, 0);
    this.over = inked;
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.drawing) return;
    context.setTransform(this.scale, 0, 0, this.scale, this.x, this.y);
    context.imageSmoothingEnabled = this.scale < 4;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture || this.drawing, 0, 0);
    if (this.over && this.marks.strokes.length + (this.live ? 1 : 0)) context.drawImage(this.over, 0, 0);
    if (this.areas) this.paintAreas(context);
    for (const line of [...this.marks.lines, ...(this.live?.kind === "edit" ? [this.live] : [])]) this.paintLine(context, line);
    if (this.cross) this.paintCross(context);
  }

  paintAreas(context) {
    if (this.hover !== null && ["fill", "lock", "cut", "join"].includes(this.tool)) this.tint(context, this.hover, "#2e86ab", 0.28);
    for (const [area, [x, y]] of this.marks.locked) {
      this.tint(context, area, "#000000", 0.12);
      const size = 9 / this.scale * (window.devicePixelRatio || 1);
      context.fillStyle = "#ffffff";
      context.strokeStyle = "#1c1b1a";
      context.lineWidth = size / 4;
      context.beginPath();
      context.arc(x, y - size / 2, size / 2, Math.PI, 0);
      context.stroke();
      context.beginPath();
      context.roundRect(x - size * 0.8, y - size / 2, size * 1.6, size * 1.2, size / 4);
      context.fill();
      context.stroke();
    }
  }

  // A line that cuts or joins areas: no ink, so it is dashed, and only shown.
  paintLine(context, { verb, points }) {
    const one = (window.devicePixelRatio || 1) / this.scale;
    context.lineCap = context.lineJoin = "round";
    for (const [color, width, dash] of [["#ffffff", 4.5, []], [verb === "cut" ? "#b8401c" : "#1f6f93", 2.2, [6 * one, 5 * one]]]) {
      context.strokeStyle = color;
      context.lineWidth = width * one;
      context.setLineDash(dash);
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      context.stroke();
    }
    context.setLineDash([]);
  }

  tint(context, area, color, alpha) {
    const box = this.areas.boxes.get(area);
    if (!box) return;
    context.globalAlpha = alpha;
    context.drawImage(areaPicture(this.areas, area, color), box.left, box.top);
    context.globalAlpha = 1;
  }

  paintCross(context) {
    const [x, y] = this.cross, size = 14 / this.scale;
    for (const [color, width] of [["#ffffff", 4], ["#1c1b1a", 2]]) {
      context.strokeStyle = color;
      context.lineWidth = width / this.scale;
      context.beginPath();
      context.moveTo(x - size, y); context.lineTo(x + size, y);
      context.moveTo(x, y - size); context.lineTo(x, y + size);
      context.stroke();
    }
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect(), ratio = this.canvas.width / box.width;
    return [((event.clientX - box.left) * ratio - this.x) / this.scale, ((event.clientY - box.top) * ratio - this.y) / this.scale];
  }

  inside([x, y]) {
    return this.drawing && x >= 0 && y >= 0 && x < this.drawing.width && y < this.drawing.height;
  }

  areaAt([x, y]) {
    return this.areas && this.inside([x, y]) ? this.areas.labels[(y | 0) * this.areas.width + (x | 0)] : null;
  }

  colorAt([x, y]) {
    const one = new OffscreenCanvas(1, 1).getContext("2d");
    one.drawImage(this.picture || this.drawing, -(x | 0), -(y | 0));
    if (this.over) one.drawImage(this.over, -(x | 0), -(y | 0));
    const [r, g, b] = one.getImageData(0, 0, 1, 1).data;
    return `#${[r, g, b].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
  }

  down(event) {
    if (!this.drawing) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.moving = this.pointers.size > 1 || this.tool === "move" || this.held || event.button === 1;
    if (this.moving) {
      this.live = null;
      return;
    }
    const place = this.place(event);
    if (["paint", "erase", "cut", "join"].includes(this.tool)) {
      this.live = { ...this.used.brush(), points: [place] };
      this.changed();
    } else if (this.inside(place)) this.used.click(place);
  }

  moved(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.hovered(this.drawing ? this.areaAt(this.place(event)) : null);
    if (this.moving) this.dragged(event, before);
    else if (this.live) {
      for (const each of event.getCoalescedEvents?.() || [event]) this.live.points.push(this.place(each));
      this.changed();
    }
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  dragged(event, before) {
    const ratio = this.canvas.width / this.canvas.clientWidth, box = this.canvas.getBoundingClientRect();
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const share = 1 / this.pointers.size;
    this.x += (event.clientX - before[0]) * ratio * share;
    this.y += (event.clientY - before[1]) * ratio * share;
    this.fitted = false;
    if (others.length) {
      const [x, y] = others[0];
      const was = Math.hypot(before[0] - x, before[1] - y), is = Math.hypot(event.clientX - x, event.clientY - y);
      const middle = [((event.clientX + x) / 2 - box.left) * ratio, ((event.clientY + y) / 2 - box.top) * ratio];
      if (was > 4) return this.zoom(is / was, middle);
    }
    this.draw();
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.live && event.type === "pointerup") {
      const live = this.live;
      this.live = null;
      this.used.stroke(live);
    }
    if (!this.pointers.size) this.moving = false;
  }

  hovered(area) {
    if (area === this.hover) return;
    this.hover = area;
    this.draw();
  }

  wheeled(event) {
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect(), ratio = this.canvas.width / box.width;
    this.zoom(Math.exp(-event.deltaY / 500), [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio]);
  }

  // The keyboard's pointer.
  step(dx, dy) {
    const { width, height } = this.drawing;
    const [x, y] = this.cross || [width / 2, height / 2];
    this.cross = [Math.min(width - 1, Math.max(0, x + dx)), Math.min(height - 1, Math.max(0, y + dy))];
    this.hovered(this.areaAt(this.cross));
    this.draw();
  }
}
