"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

// The tables: a click sorts a column, numbers by value; missing values come last in both directions.
const body = at("table").tBodies[0];
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells], lines = table.tBodies[0];
  headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    headings.forEach(other => other.setAttribute("aria-sort", "none"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => row.cells[column].dataset.sort;
    const numeric = heading.classList.contains("number");
    const order = (a, b) => numeric ? key(a) - key(b) : key(a).localeCompare(key(b), undefined, { numeric: true });
    const known = [...lines.rows].filter(row => key(row) !== "");
    const unknown = [...lines.rows].filter(row => key(row) === "");
    known.sort((a, b) => down ? order(b, a) : order(a, b));
    lines.append(...known, ...unknown);
  }));
}

// The viewer: two pictures on top of each other; the right one is clipped to the right of the divider.
const seen = { column: Infinity, row: Infinity }; // the pixel in the middle of the loupe; at first the middle of the picture
const fill = (select, texts, wanted) => {
  select.replaceChildren(...texts.map((text, k) => new Option(text, k)));
  select.selectedIndex = Math.max(0, texts.indexOf(wanted));
};
const text = select => select.options[select.selectedIndex].text;
const shot = () => data.scenes[at("scene").value].shots[at("seed").value];
const source = select => "data:image/png;base64," + data.pictures[shot().pictures[text(select)]];

function chooseScene(prior) {
  const scene = data.scenes[at("scene").value];
  const seed = at("seed").options.length ? text(at("seed")) : "";
  fill(at("seed"), scene.shots.map(s => String(s.seed)), seed);
  chooseSeed(prior);
}
function chooseSeed(prior) {
  const names = Object.keys(shot().pictures);
  const left = at("left").options.length ? text(at("left")) : "degraded";
  const right = prior || (at("right").options.length ? text(at("right")) : names[names.length - 1]);
  fill(at("left"), names, left);
  fill(at("right"), names, right);
  show();
  charts();
}
function show() {
  for (const side of ["left", "right"]) {
    const image = at("image-" + side), name = text(at(side));
    image.src = source(at(side));
    image.alt = `${side}: ${name} of ${data.scenes[at("scene").value].title}`;
    at("caption-" + side).textContent = name;
    image.decode().then(loupe, () => {});
  }
  const [height, width] = data.scenes[at("scene").value].size;
  at("stage").style.aspectRatio = `${width} / ${height}`;
  for (const row of body.rows) {
    const button = row.querySelector("th button");
    row.classList.toggle("shown", !!button && button.dataset.scene === at("scene").value &&
      [text(at("left")), text(at("right"))].includes(button.dataset.prior));
  }
  divide();
}
function divide() {
  const share = Number(at("slider").value);
  at("image-right").style.clipPath = `inset(0 0 0 ${share}%)`;
  at("divider").style.left = share + "%";
  at("slider").setAttribute("aria-valuetext", `${text(at("left"))} on the left ${Math.round(share)} percent`);
}
function loupe() {
  const zoom = Number(at("zoom").value), [height, width] = data.scenes[at("scene").value].size;
  if (seen.column >= width || seen.row >= height) [seen.column, seen.row] = [width >> 1, height >> 1];
  for (const side of ["left", "right"]) {
    const canvas = at("loupe-" + side), image = at("image-" + side);
    const pixels = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.width = canvas.height = pixels;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    if (!image.naturalWidth) continue;
    // one pixel of the truth becomes zoom pixels of the screen; a smaller measurement is stretched to the truth's size
    const middle = Math.floor(pixels / 2);
    context.drawImage(image, middle - seen.column * zoom, middle - seen.row * zoom, width * zoom, height * zoom);
  }
  at("position").textContent = `column ${seen.column}, row ${seen.row}`;
}
function look(column, row) {
  const [height, width] = data.scenes[at("scene").value].size;
  seen.column = Math.min(width - 1, Math.max(0, Math.floor(column)));
  seen.row = Math.min(height - 1, Math.max(0, Math.floor(row)));
  loupe();
}
at("scene").addEventListener("change", () => chooseScene());
at("seed").addEventListener("change", () => chooseSeed());
for (const side of ["left", "right"]) at(side).addEventListener("change", show);
at("zoom").addEventListener("change", loupe);
at("slider").addEventListener("input", divide);
at("stage").addEventListener("pointermove", event => {
  const box = at("stage").getBoundingClientRect(), [height, width] = data.scenes[at("scene").value].size;
  look((event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height);
});
at("loupe").addEventListener("keydown", event => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || event.target !== at("loupe")) return;
  event.preventDefault();
  const far = event.shiftKey ? 16 : 1;
  look(seen.column + step[0] * far, seen.row + step[1] * far);
});
body.addEventListener("click", event => {
  const button = event.target.closest("th button");
  if (!button) return;
  at("scene").value = button.dataset.scene;
  chooseScene(button.dataset.prior);
  at("viewer").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  at("slider").focus({ preventScroll: true });
});

// The curves, as SVG.
const SIZE = { width: 440, height: 240, left: 58, right: 10, top: 8, bottom: 34 };
const element = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const short = value => Math.abs(value) >= 1e4 || (value && Math.abs(value) < 1e-3) ? value.toExponential(0) : String(+value.toPrecision(3));

// The map from values to pixels, and the tick values of the axis.
function scale(values, from, to, logarithmic) {
  const map = logarithmic ? Math.log10 : value => value;
  let low = Math.min(...values.map(map)), high = Math.max(...values.map(map));
  if (high - low < 1e-9) { low -= 0.5; high += 0.5; }
  const place = value => from + (map(value) - low) / (high - low) * (to - from);
  const ticks = [];
  if (logarithmic && high - low > 0.5) {
    const factors = high - low > 3 ? [1] : high - low > 1.2 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
    for (let power = Math.floor(low); power <= high; power++)
      for (const factor of factors) ticks.push(factor * 10 ** power);
  } else {
    const [least, most] = logarithmic ? [10 ** low, 10 ** high] : [low, high];
    const step = [1, 2, 5, 10].map(f => f * 10 ** Math.floor(Math.log10((most - least) / 4))).find(s => (most - least) / s <= 5);
    for (let tick = Math.ceil(least / step) * step; tick <= most; tick += step) ticks.push(+tick.toPrecision(6));
  }
  const inside = ticks.filter(tick => map(tick) >= low - 1e-9 && map(tick) <= high + 1e-9);
  return { place, ticks: inside.filter((_, k) => k % Math.ceil(inside.length / 7) === 0) };
}
// series: [{name, points: [[iteration, seconds, value]], kept, colour, dash}]
function chart(title, series, logarithmic) {
  const axis = Number(at("axis").value), unit = ["iterations", "seconds"][axis];
  const all = series.flatMap(s => s.kept ? [...s.points, s.kept] : s.points).filter(p => p[axis] > 0);
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  caption.textContent = `${title}, over ${unit}`;
  figure.append(caption);
  if (!all.length) return figure;
  const x = scale(all.map(p => p[axis]), SIZE.left, SIZE.width - SIZE.right, true);
  const y = scale(all.map(p => p[2]), SIZE.height - SIZE.bottom, SIZE.top, logarithmic);
  const says = series.map(s => {
    const [first, last] = [s.points[0], s.points[s.points.length - 1]];
    const kept = s.kept ? `, kept at ${short(s.kept[axis])} ${unit}` : "";
    return first ? `${s.name}: from ${short(first[2])} to ${short(last[2])} in ${short(last[axis])} ${unit}${kept}` : s.name;
  }).join("; ");
  const svg = element("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", "aria-label": `${title}. ${says}` });
  for (const tick of x.ticks) svg.append(
    element("line", { x1: x.place(tick), x2: x.place(tick), y1: SIZE.top, y2: SIZE.height - SIZE.bottom, class: "grid" }),
    element("text", { x: x.place(tick), y: SIZE.height - SIZE.bottom + 14, "text-anchor": "middle" }, short(tick)));
  for (const tick of y.ticks) svg.append(
    element("line", { x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: y.place(tick), y2: y.place(tick), class: "grid" }),
    element("text", { x: SIZE.left - 5, y: y.place(tick) + 4, "text-anchor": "end" }, short(tick)));
  svg.append(element("text", { x: SIZE.width - SIZE.right, y: SIZE.height - 4, "text-anchor": "end" }, unit));
  for (const s of series) {
    const points = s.points.filter(p => p[axis] > 0).map(p => `${x.place(p[axis]).toFixed(1)},${y.place(p[2]).toFixed(1)}`);
    svg.append(element("polyline", { points: points.join(" "), fill: "none", stroke: s.colour, "stroke-width": 2, "stroke-dasharray": s.dash }));
    if (points.length === 1) svg.append(element("circle", { cx: points[0].split(",")[0], cy: points[0].split(",")[1], r: 2.5, fill: s.colour }));
    if (s.kept && s.kept[axis] > 0) svg.append(element("circle", { cx: x.place(s.kept[axis]), cy: y.place(s.kept[2]), r: 6, fill: "none", stroke: s.colour, "stroke-width": 2.5, class: "kept" }));
  }
  figure.append(svg);
  if (series.length > 1) {
    const legend = document.createElement("ul");
    legend.className = "legend";
    for (const s of series) {
      const item = document.createElement("li");
      item.append(element("svg", { viewBox: "0 0 32 10", "aria-hidden": "true" },
        element("line", { x1: 0, x2: 32, y1: 5, y2: 5, stroke: s.colour, "stroke-width": 3, "stroke-dasharray": s.dash })), s.name);
      legend.append(item);
    }
    figure.append(legend);
  }
  return figure;
}
function charts() {
  const runs = Object.entries(shot().runs), style = k => ({ colour: COLOURS[k % COLOURS.length], dash: DASHES[Math.floor(k / COLOURS.length) % DASHES.length] });
  const made = [chart("PSNR in dB", runs.map(([name, run], k) => ({ name, points: run.psnr, kept: run.kept, ...style(k) })), false)];
  runs.forEach(([prior, run], k) => {
    for (const [name, points] of Object.entries(run.signals)) {
      const near = points.reduce((best, p) => !best || Math.abs(p[0] - run.kept[0]) < Math.abs(best[0] - run.kept[0]) ? p : best, null);
      const kept = near && [run.kept[0], run.kept[1], near[2]];
      made.push(chart(`${prior}: ${name.replaceAll("_", " ")}`, [{ name, points, kept, ...style(k) }], points.every(p => p[2] > 0)));
    }
  });
  at("charts").replaceChildren(...made);
}
at("axis").addEventListener("change", charts);
window.addEventListener("resize", loupe);

if (data.scenes.length) {
  fill(at("scene"), data.scenes.map(s => s.title));
  chooseScene();
} else {
  at("viewer").hidden = true;
}
