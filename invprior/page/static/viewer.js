// The viewer: two layers over each other on a canvas, under one view that is moved and zoomed.
//
// A layer has a width and a height in its own pixels, and draws the part of itself that is seen. The scene has the
// pixels of the larger layer; a smaller one is stretched over it.

export class ImageLayer {
  constructor(image, title) {
    this.image = image;
    this.title = title;
    this.width = image.naturalWidth;
    this.height = image.naturalHeight;
  }
  draw(context) {
    context.drawImage(this.image, 0, 0);
  }
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class Viewer extends EventTarget {
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.before = null; // the layer on the left
    this.after = null; // and the one on the right
    this.overlays = []; // objects that draw over the scene, in its pixels
    this.mode = "divider"; // divider, side, blend or loupe
    this.share = 0.5; // where the divider is
    this.strength = 1; // of the layer on the right, in blend
    this.tool = null; // takes the pointer instead of the hand
    this.scale = 1; // screen pixels for a pixel of the scene
    this.centre = { x: 0, y: 0 };
    this.fitted = true;
    this.pointers = new Map();
    this.glass = null; // where the loupe is, in screen pixels
    this.waiting = false;
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointerdown", event => this.down(event));
    canvas.addEventListener("pointermove", event => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, event => this.up(event));
    canvas.addEventListener("pointerleave", () => { this.glass = null; this.draw(); });
    canvas.addEventListener("wheel", event => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", event => this.key(event));
  }

  get scene() {
    const layers = [this.before, this.after].filter(Boolean);
    if (!layers.length) return { width: 1, height: 1 };
    return layers.reduce((a, b) => (b.width > a.width ? b : a));
  }

  show(before, after) {
    const old = this.scene;
    this.before = before;
    this.after = after;
    const scene = this.scene;
    if (this.fitted || old.width === 1) this.fit();
    else if (scene.width !== old.width) {
      const zoom = scene.width / old.width; // the same part of the picture stays where it is
      this.centre = { x: this.centre.x * zoom, y: this.centre.y * zoom };
      this.scale /= zoom;
    }
    this.draw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    if (this.fitted) this.fit();
    this.draw();
  }

  // Side by side each layer has half of the canvas.
  get room() {
    return { width: this.mode === "side" ? this.canvas.width / 2 : this.canvas.width, height: this.canvas.height };
  }

  fit() {
    const { width, height } = this.scene;
    this.scale = Math.min(this.room.width / width, this.room.height / height) * 0.98;
    this.centre = { x: width / 2, y: height / 2 };
    this.fitted = true;
    this.draw();
  }

  zoomTo(scale, at = { x: this.room.width / 2, y: this.room.height / 2 }) {
    const seen = this.toScene(at);
    const { width, height } = this.scene;
    const least = Math.min(1, Math.min(this.room.width / width, this.room.height / height) / 2);
    this.scale = clamp(scale, least, 32);
    this.centre = { x: seen.x - (at.x - this.room.width / 2) / this.scale, y: seen.y - (at.y - this.room.height / 2) / this.scale };
    this.settle();
  }

  pan(dx, dy) {
    this.centre = { x: this.centre.x - dx / this.scale, y: this.centre.y - dy / this.scale };
    this.settle();
  }

  settle() {
    const { width, height } = this.scene;
    this.centre = { x: clamp(this.centre.x, 0, width), y: clamp(this.centre.y, 0, height) };
    this.fitted = false;
    this.draw();
    this.dispatchEvent(new Event("view"));
  }

  toScene(point) {
    const room = this.room;
    const x = this.mode === "side" && point.x > room.width ? point.x - room.width : point.x;
    return { x: (x - room.width / 2) / this.scale + this.centre.x, y: (point.y - room.height / 2) / this.scale + this.centre.y };
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    const { context, canvas, room } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.before && !this.after) return;
    const both = this.before && this.after;
    if (!both) {
      this.part(this.before || this.after, 0, 0, canvas.width, room);
    } else if (this.mode === "side") {
      this.part(this.before, 0, 0, room.width, room);
      this.part(this.after, room.width, room.width, canvas.width, room);
      this.line(room.width);
    } else if (this.mode === "blend") {
      this.part(this.before, 0, 0, canvas.width, room);
      context.globalAlpha = this.strength;
      this.part(this.after, 0, 0, canvas.width, room);
      context.globalAlpha = 1;
    } else if (this.mode === "loupe") {
      this.part(this.before, 0, 0, canvas.width, room);
      this.magnify();
    } else {
      const at = Math.round(this.share * canvas.width);
      this.part(this.before, 0, 0, at, room);
      this.part(this.after, 0, at, canvas.width, room);
      this.line(at);
    }
    for (const overlay of this.overlays) {
      if (!overlay) continue;
      context.save();
      this.transform(0, room);
      overlay.draw(context, this.seen(room), this.scale, this.scene);
      context.restore();
    }
    this.canvas.dataset.painted = String(Number(this.canvas.dataset.painted || 0) + 1);
  }

  transform(shift, room) {
    const { scale, centre } = this;
    const whole = scale >= 1 ? Math.round : value => value; // pixels that are shown as they are lie on those of the screen
    this.context.setTransform(scale, 0, 0, scale, shift + whole(room.width / 2 - centre.x * scale), whole(room.height / 2 - centre.y * scale));
  }

  seen(room) {
    const w = room.width / 2 / this.scale, h = room.height / 2 / this.scale;
    return { left: this.centre.x - w, right: this.centre.x + w, top: this.centre.y - h, bottom: this.centre.y + h };
  }

  // One layer between two columns of the canvas.
  part(layer, shift, from, to, room) {
    if (to <= from) return;
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, this.canvas.height);
    context.clip();
    this.transform(shift, room);
    this.stretched(layer, this.seen(room), this.scale);
    context.restore();
  }

  // A layer in the pixels of the scene.
  stretched(layer, seen, scale) {
    const { context } = this, zoom = this.scene.width / layer.width;
    context.scale(zoom, this.scene.height / layer.height);
    context.imageSmoothingEnabled = scale * zoom < 1;
    const box = Object.fromEntries(Object.entries(seen).map(([side, value]) => [side, value / zoom]));
    layer.draw(context, box, scale * zoom, () => this.draw());
  }

  line(at) {
    const { context, canvas } = this, ratio = window.devicePixelRatio || 1;
    context.fillStyle = "#000";
    context.fillRect(at - 2 * ratio, 0, 4 * ratio, canvas.height);
    context.fillStyle = "#fff";
    context.fillRect(at - ratio, 0, 2 * ratio, canvas.height);
  }

  // The loupe: one pixel of the scene on one pixel of the screen, the right layer on the right half.
  magnify() {
    const { context } = this, ratio = window.devicePixelRatio || 1, radius = 130 * ratio;
    const glass = this.glass || { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    const at = this.toScene(glass), middle = { x: Math.round(at.x), y: Math.round(at.y) };
    for (const [layer, from, to] of [[this.before, -radius, 0], [this.after, 0, radius]]) {
      context.save();
      context.setTransform(1, 0, 0, 1, Math.round(glass.x), Math.round(glass.y));
      context.beginPath();
      context.arc(0, 0, radius, 0, 2 * Math.PI);
      context.clip();
      context.beginPath();
      context.rect(from, -radius, to - from, 2 * radius);
      context.clip();
      context.fillRect(-radius, -radius, 2 * radius, 2 * radius);
      context.translate(-middle.x, -middle.y);
      const r = radius;
      this.stretched(layer, { left: middle.x - r, right: middle.x + r, top: middle.y - r, bottom: middle.y + r }, 1);
      context.restore();
    }
    context.save();
    context.setTransform(1, 0, 0, 1, Math.round(glass.x), Math.round(glass.y));
    for (const [width, colour] of [[4 * ratio, "#000"], [2 * ratio, "#fff"]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.arc(0, 0, radius, 0, 2 * Math.PI);
      context.moveTo(0, -radius);
      context.lineTo(0, radius);
      context.stroke();
    }
    context.restore();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width * this.canvas.width, y: (event.clientY - box.top) / box.height * this.canvas.height };
  }

  down(event) {
    if (event.button > 1) return;
    this.canvas.focus({ preventScroll: true });
    try { this.canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that has left already */ }
    this.pointers.set(event.pointerId, this.at(event));
    event.preventDefault();
    const working = this.tool && event.button === 0 && this.pointers.size === 1;
    if (this.tool && this.pointers.size === 2) this.tool.drop();
    if (working) this.tool.down(this.toScene(this.at(event)));
  }

  move(event) {
    const now = this.at(event), before = this.pointers.get(event.pointerId);
    this.glass = now;
    if (!before) {
      if (this.tool) this.tool.hover(this.toScene(now));
      if (this.tool || this.mode === "loupe") this.draw();
      return;
    }
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const length = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
      const middle = p => ({ x: (p.x + other.x) / 2, y: (p.y + other.y) / 2 });
      this.pan(middle(now).x - middle(before).x, middle(now).y - middle(before).y);
      if (length(before, other) > 0) this.zoomTo(this.scale * length(now, other) / length(before, other), middle(now));
    } else if (this.tool && event.buttons === 1) {
      for (const part of event.getCoalescedEvents?.() ?? [event]) this.tool.move(this.toScene(this.at(part)));
      this.tool.move(this.toScene(now));
      this.draw();
    } else {
      this.pan(now.x - before.x, now.y - before.y);
    }
    this.pointers.set(event.pointerId, now);
  }

  up(event) {
    const had = this.pointers.delete(event.pointerId);
    if (had && this.tool && this.pointers.size === 0 && event.button === 0) this.tool.up(this.toScene(this.at(event)));
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    this.zoomTo(this.scale * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), this.at(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.tool && this.tool.key(event, this)) {
      event.preventDefault();
      this.draw();
      return;
    }
    const far = event.shiftKey ? 200 : 40;
    const steps = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
    if (event.key in steps) this.pan(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoomTo(this.scale * 1.25);
    else if (event.key === "-") this.zoomTo(this.scale / 1.25);
    else if (event.key === "0") this.fit();
    else if (event.key === "1") this.zoomTo(1);
    else return;
    event.preventDefault();
  }
}
