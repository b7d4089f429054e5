// The mask: one byte a pixel, 255 where the hole is, painted in whole pixels so that what is sent is what was drawn.

const SIDE = 256; // of the tiles that show it
const STEPS = 60; // strokes that can be undone

export class Mask {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
    this.columns = Math.ceil(width / SIDE);
    this.shown = new Map(); // canvases by tile, made when they are seen
    this.counts = new Map(); // marked pixels by tile, counted when they are asked for
    this.undone = [];
    this.done = [];
    this.stroke = null; // what the tiles held before the stroke that is being drawn
  }

  // Marked pixels; only tiles that have changed are counted again.
  get count() {
    let sum = 0;
    const tiles = this.columns * Math.ceil(this.height / SIDE);
    for (let number = 0; number < tiles; number++) {
      if (!this.counts.has(number)) {
        const { left, top, width, height } = this.box(number);
        let marked = 0;
        for (let y = top; y < top + height; y++) {
          for (let k = y * this.width + left, end = k + width; k < end; k++) if (this.data[k]) marked++;
        }
        this.counts.set(number, marked);
      }
      sum += this.counts.get(number);
    }
    return sum;
  }

  get empty() {
    return this.count === 0;
  }

  changed(number) {
    this.shown.delete(number);
    this.counts.delete(number);
  }

  begin() {
    this.stroke = new Map();
  }

  end() {
    if (this.stroke?.size) {
      this.done.push(this.stroke);
      if (this.done.length > STEPS) this.done.shift();
      this.undone = [];
    }
    this.stroke = null;
  }

  drop() {
    if (this.stroke) this.put(this.stroke);
    this.stroke = null;
  }

  undo() {
    const stroke = this.done.pop();
    if (stroke) this.undone.push(this.put(stroke));
    return Boolean(stroke);
  }

  redo() {
    const stroke = this.undone.pop();
    if (stroke) this.done.push(this.put(stroke));
    return Boolean(stroke);
  }

  // Put tiles back; returns what was in their place.
  put(tiles) {
    const before = new Map();
    for (const [number, values] of tiles) {
      before.set(number, this.cut(number));
      const { left, top, width, height } = this.box(number);
      for (let y = 0; y < height; y++) this.data.set(values.subarray(y * width, (y + 1) * width), (top + y) * this.width + left);
      this.changed(number);
    }
    return before;
  }

  box(number) {
    const left = (number % this.columns) * SIDE, top = Math.floor(number / this.columns) * SIDE;
    return { left, top, width: Math.min(SIDE, this.width - left), height: Math.min(SIDE, this.height - top) };
  }

  cut(number) {
    const { left, top, width, height } = this.box(number), values = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) values.set(this.data.subarray((top + y) * this.width + left, (top + y) * this.width + left + width), y * width);
    return values;
  }

  // Note the tiles of a box before they change.
  touch(left, top, right, bottom) {
    for (let row = Math.floor(top / SIDE); row <= Math.floor((bottom - 1) / SIDE); row++) {
      for (let column = Math.floor(left / SIDE); column <= Math.floor((right - 1) / SIDE); column++) {
        const number = row * this.columns + column;
        if (this.stroke && !this.stroke.has(number)) this.stroke.set(number, this.cut(number));
        this.changed(number);
      }
    }
  }

  clip(left, top, right, bottom) {
    return [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top)), Math.min(this.width, Math.ceil(right)), Math.min(this.height, Math.ceil(bottom))];
  }

  // The pixels whose middle lies within `radius` of the line from a to b; `soft` pixels more fade out.
  line(a, b, radius, soft, erase) {
    const reach = radius + soft;
    const [left, top, right, bottom] = this.clip(Math.min(a.x, b.x) - reach, Math.min(a.y, b.y) - reach, Math.max(a.x, b.x) + reach + 1, Math.max(a.y, b.y) + reach + 1);
    if (right <= left || bottom <= top) return;
    this.touch(left, top, right, bottom);
    const dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const px = x + 0.5 - a.x, py = y + 0.5 - a.y;
        const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        const ax = px - along * dx, ay = py - along * dy, square = ax * ax + ay * ay;
        if (square > reach * reach) continue;
        const distance = Math.sqrt(square), value = distance <= radius ? 255 : Math.round(255 * (1 - (distance - radius) / soft));
        const at = y * this.width + x;
        this.data[at] = erase ? Math.min(this.data[at], 255 - value) : Math.max(this.data[at], value);
      }
    }
  }

  rectangle(a, b, erase) {
    const [left, top, right, bottom] = this.clip(Math.round(Math.min(a.x, b.x)), Math.round(Math.min(a.y, b.y)), Math.round(Math.max(a.x, b.x)), Math.round(Math.max(a.y, b.y)));
    if (right <= left || bottom <= top) return;
    this.touch(left, top, right, bottom);
    for (let y = top; y < bottom; y++) this.data.fill(erase ? 0 : 255, y * this.width + left, y * this.width + right);
  }

  // The pixels whose middle lies inside a closed line.
  polygon(points, erase) {
    if (points.length < 3) return;
    const xs = points.map(p => p.x), ys = points.map(p => p.y);
    const least = values => values.reduce((a, b) => Math.min(a, b)), most = values => values.reduce((a, b) => Math.max(a, b));
    const [left, top, right, bottom] = this.clip(least(xs), least(ys), most(xs), most(ys));
    if (right <= left || bottom <= top) return;
    this.touch(left, top, right, bottom);
    for (let y = top; y < bottom; y++) {
      const crossings = [];
      points.forEach((a, k) => {
        const b = points[(k + 1) % points.length], middle = y + 0.5;
        if ((a.y <= middle) !== (b.y <= middle)) crossings.push(a.x + (middle - a.y) / (b.y - a.y) * (b.x - a.x));
      });
      crossings.sort((p, q) => p - q);
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        const from = Math.max(left, Math.ceil(crossings[k] - 0.5)), to = Math.min(right, Math.ceil(crossings[k + 1] - 0.5));
        if (to > from) this.data.fill(erase ? 0 : 255, y * this.width + from, y * this.width + to);
      }
    }
  }

  // Change all pixels at once, as one stroke.
  whole(change) {
    this.begin();
    this.touch(0, 0, this.width, this.height);
    change(this.data);
    this.end();
  }

  clear() {
    this.whole(data => data.fill(0));
  }

  invert() {
    this.whole(data => { for (let k = 0; k < data.length; k++) data[k] = 255 - data[k]; });
  }

  add(values) {
    this.whole(data => { for (let k = 0; k < data.length; k++) data[k] = Math.max(data[k], values[k]); });
  }

  // Put values below all strokes, those that can be undone too, as if they had been there first.
  under(values) {
    const beneath = new Mask(this.width, this.height);
    beneath.data.set(values);
    const most = (upper, lower) => upper.forEach((value, k) => { if (lower[k] > value) upper[k] = lower[k]; });
    for (const stroke of [...this.done, ...this.undone, this.stroke ?? new Map()]) {
      for (const [number, tile] of stroke) most(tile, beneath.cut(number));
    }
    most(this.data, values);
    this.shown.clear();
    this.counts.clear();
  }

  // Red with darker stripes: seen on red things too, and without colours.
  draw(context, seen, scale, scene) {
    context.scale(scene.width / this.width, scene.height / this.height);
    context.imageSmoothingEnabled = scale < 1;
    const zoom = scene.width / this.width, last = Math.ceil(this.height / SIDE) - 1;
    for (let row = Math.max(0, Math.floor(seen.top / zoom / SIDE)); row <= Math.min(last, Math.floor(seen.bottom / zoom / SIDE)); row++) {
      for (let column = Math.max(0, Math.floor(seen.left / zoom / SIDE)); column <= Math.min(this.columns - 1, Math.floor(seen.right / zoom / SIDE)); column++) {
        const number = row * this.columns + column;
        if (!this.shown.has(number)) this.shown.set(number, this.canvas(number));
        const tile = this.shown.get(number);
        if (tile) context.drawImage(tile, column * SIDE, row * SIDE);
      }
    }
  }

  canvas(number) {
    const { left, top, width, height } = this.box(number);
    if (this.counts.get(number) === 0) return null;
    const values = this.cut(number);
    if (!values.some(value => value > 0)) return null;
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer); // alpha, blue, green, red
    for (let y = 0, k = 0; y < height; y++) {
      for (let x = 0; x < width; x++, k++) {
        if (values[k]) pixels[k] = ((values[k] * 0.65) << 24) | ((left + x + top + y) % 12 < 4 ? 0x00005a : 0x2814e6);
      }
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }
}

// What the pointer and the keys do to a mask.
export class Tool {
  constructor(mask, changed) {
    this.mask = mask;
    this.changed = changed;
    this.kind = "brush"; // brush, eraser, rectangle or lasso
    this.radius = 12;
    this.soft = 0;
    this.erase = false; // of rectangle and lasso
    this.points = []; // of the stroke that is being drawn
    this.cursor = null;
  }

  get drawing() {
    return this.mask.stroke !== null;
  }

  down(point) {
    this.mask.begin();
    this.points = [point];
    this.cursor = point;
    if (this.kind === "brush" || this.kind === "eraser") this.dab(point, point);
  }

  move(point) {
    if (!this.drawing) return;
    const last = this.points[this.points.length - 1];
    if (last.x === point.x && last.y === point.y) return;
    if (this.kind === "brush" || this.kind === "eraser") {
      this.dab(last, point);
      this.points = [point];
    } else {
      this.points.push(point);
    }
    this.cursor = point;
  }

  up(point) {
    if (!this.drawing) return;
    this.move(point);
    if (this.kind === "rectangle") this.mask.rectangle(this.points[0], this.points[this.points.length - 1], this.erase);
    if (this.kind === "lasso") this.mask.polygon(this.points, this.erase);
    this.mask.end();
    this.points = [];
    this.changed();
  }

  drop() {
    this.mask.drop();
    this.points = [];
  }

  hover(point) {
    this.cursor = point;
  }

  dab(a, b) {
    this.mask.line(a, b, this.radius, this.soft, this.kind === "eraser");
  }

  // The arrow keys move a cross; Space or Enter begins and ends what the pointer would draw.
  key(event, viewer) {
    const step = event.shiftKey ? 20 : Math.max(1, this.radius / 2);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) {
      const from = this.cursor || { ...viewer.centre };
      const point = { x: Math.min(this.mask.width, Math.max(0, from.x + moves[event.key][0])), y: Math.min(this.mask.height, Math.max(0, from.y + moves[event.key][1])) };
      if (this.drawing) this.move(point);
      this.cursor = point;
      return true;
    }
    if (event.key === " " || event.key === "Enter") {
      if (!this.cursor) this.cursor = { ...viewer.centre };
      if (this.drawing) this.up(this.cursor);
      else this.down(this.cursor);
      return true;
    }
    if (event.key === "Escape" && this.drawing) {
      this.drop();
      return true;
    }
    return false;
  }

  // The outline of the brush, or of what is being drawn.
  draw(context, seen, scale, scene) {
    context.scale(scene.width / this.mask.width, scene.height / this.mask.height);
    for (const [width, colour] of [[3, "#000"], [1.2, "#fff"]]) {
      context.lineWidth = width / scale;
      context.strokeStyle = colour;
      context.beginPath();
      if (this.drawing && this.kind === "rectangle") {
        const a = this.points[0], b = this.points[this.points.length - 1];
        context.rect(a.x, a.y, b.x - a.x, b.y - a.y);
      } else if (this.drawing && this.kind === "lasso") {
        this.points.forEach(p => context.lineTo(p.x, p.y));
      } else if (this.cursor && (this.kind === "brush" || this.kind === "eraser")) {
        context.arc(this.cursor.x, this.cursor.y, this.radius, 0, 2 * Math.PI);
      } else if (this.cursor) {
        const arm = 8 / scale;
        context.moveTo(this.cursor.x - arm, this.cursor.y);
        context.lineTo(this.cursor.x + arm, this.cursor.y);
        context.moveTo(this.cursor.x, this.cursor.y - arm);
        context.lineTo(this.cursor.x, this.cursor.y + arm);
      }
      context.stroke();
    }
  }
}
