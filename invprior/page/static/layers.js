// Layers from the server: pyramids of tiles, of which only those that are seen are loaded.

const MOST = 240; // tiles that are kept
const cache = new Map(); // by address, the last used last

function tile(address, again) {
  let found = cache.get(address);
  if (found) {
    cache.delete(address);
  } else {
    found = new Image();
    found.decoding = "async";
    found.src = address;
    found.decode().then(() => { found.ready = true; again(); }, () => {});
  }
  cache.set(address, found);
  while (cache.size > MOST) cache.delete(cache.keys().next().value);
  return found;
}

export class TiledLayer {
  constructor(key, title, { width, height, levels, side }) {
    Object.assign(this, { key, title, width, height, levels, side });
  }

  address(level, column, row) {
    return `/api/layers/${encodeURIComponent(this.key)}/${level}/${column}/${row}`;
  }

  draw(context, box, scale, again) {
    const top = this.levels - 1;
    const level = Math.min(top, Math.max(0, top - Math.floor(Math.log2(1 / Math.min(1, scale)))));
    context.beginPath();
    context.rect(0, 0, this.width, this.height);
    context.clip();
    // what is there of the smallest size lies below, until the tiles have come
    if (level > 0) this.tiles(context, box, 0, again);
    this.tiles(context, box, level, again);
  }

  tiles(context, box, level, again) {
    const factor = 2 ** (this.levels - 1 - level), span = this.side * factor;
    const last = size => Math.ceil(size / span) - 1;
    const from = value => Math.max(0, Math.floor(value / span));
    for (let row = from(box.top); row <= Math.min(last(this.height), Math.floor(box.bottom / span)); row++) {
      for (let column = from(box.left); column <= Math.min(last(this.width), Math.floor(box.right / span)); column++) {
        const image = tile(this.address(level, column, row), again);
        if (image.ready) context.drawImage(image, column * span, row * span, image.naturalWidth * factor, image.naturalHeight * factor);
      }
    }
  }
}
