// The page: what is chosen, and what follows from it.

import * as api from "./api.js";
import { fill, settle, values } from "./form.js";
import { quoted, render, spoken, title } from "./jobs.js";
import { TiledLayer } from "./layers.js";
import { Mask, Tool } from "./mask.js";
import { Viewer } from "./viewer.js";

const at = id => document.getElementById(id);
const viewer = new Viewer(at("canvas"));
const layers = new Map(); // by key
const masks = new Map(); // by picture: the mask, its tool, and the id under which the server has it
let state = { pictures: [], jobs: [] };
let chosen = null; // the id of the picture that is shown
let following = true; // the newest moment is shown as it comes
let asking = 0; // the number of the last question about time

// Messages

function say(text) {
  const line = document.createElement("p");
  line.append(Object.assign(document.createElement("span"), { textContent: text }));
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "close" });
  close.addEventListener("click", () => line.remove());
  line.append(close);
  at("said").replaceChildren(line);
}

const tried = async work => {
  try {
    return await work();
  } catch (error) {
    say(error.message);
    return null;
  }
};

// Work that a button waits for.
async function busy(button, text, work) {
  const before = button.textContent;
  button.disabled = true;
  button.textContent = text;
  try {
    await work();
  } finally {
    button.disabled = false;
    button.textContent = before;
  }
}

// Pictures

const pictures = () => state.pictures.filter(picture => picture.kind === "picture");
const pictureOf = id => pictures().find(p => p.id === id);
const picture = () => pictureOf(chosen);
const addressed = () => pictureOf(location.hash.slice(1)); // the picture that the address of the page names

async function open(files) {
  for (const file of files) {
    const kept = await tried(() => api.upload(file, "picture"));
    if (kept) await choose(kept.id);
  }
}

const thumbs = new Map(); // thumbnails by picture: the smallest tile

function strip() {
  const signature = pictures().map(p => p.id).join() + chosen;
  if (at("strip").dataset.signature === signature) return;
  const items = pictures().map(p => {
    const item = document.createElement("li"), pick = document.createElement("button"), drop = document.createElement("button");
    pick.type = drop.type = "button";
    pick.className = "pick";
    pick.setAttribute("aria-pressed", String(p.id === chosen));
    if (!thumbs.has(p.id)) {
      const image = new Image();
      image.alt = "";
      thumbs.set(p.id, image);
      layer(`picture-${p.id}`, p.name).then(found => { image.src = found.address(0, 0, 0); }, error => say(error.message));
    }
    pick.append(thumbs.get(p.id), Object.assign(document.createElement("span"), { textContent: p.name + p.suffix }), Object.assign(document.createElement("span"), { textContent: `${p.width}×${p.height}` }));
    pick.addEventListener("click", () => choose(p.id));
    drop.className = "drop";
    drop.textContent = "×";
    drop.setAttribute("aria-label", `remove ${p.name} from the page`);
    drop.addEventListener("click", () => tried(async () => {
      await api.remove(`/api/pictures/${p.id}`);
      if (chosen === p.id) chosen = null;
    }));
    item.append(pick, drop);
    return item;
  });
  const focused = [...at("strip").children].findIndex(item => item.contains(document.activeElement));
  at("strip").dataset.signature = signature;
  at("strip").replaceChildren(...items);
  at("strip").querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (focused >= 0) at("strip").children[focused]?.querySelector("button").focus();
}

async function choose(id) {
  if (!pictureOf(id)) state = await api.get("/api/state");
  chosen = id;
  following = true;
  location.hash = id;
  viewer.fitted = true;
  refresh();
  ask();
}

// What is shown

async function layer(key, name) {
  if (!layers.has(key)) layers.set(key, api.get(`/api/layers/${encodeURIComponent(key)}`).then(info => new TiledLayer(key, name, info)));
  try {
    return await layers.get(key);
  } catch (error) {
    layers.delete(key);
    throw error;
  }
}

const jobs = () => state.jobs.filter(job => job.picture === chosen);
const shownJob = () => jobs().find(job => `job-${job.id}` === at("right").value);

// The keys of what a choice stands for: of a job the moment that the slider is at.
function keyOf(choice, moment) {
  if (choice === "before") return `picture-${chosen}`;
  const [kind, id] = choice.split("-"), job = state.jobs.find(j => j.id === id);
  if (!job) return null;
  if (kind === "error") return `error-${id}`;
  const frames = framesOf(job);
  if (!frames.length) return null;
  return frames[moment === null ? frames.length - 1 : Math.min(moment, frames.length - 1)].key;
}

// The moments of a job, and its result as the last one.
function framesOf(job) {
  const frames = job.moments.map(m => ({ key: `moment-${job.id}-${m.name}`, says: `iteration ${m.iteration}, ${spoken(m.seconds)}` }));
  if (job.result) frames.push({ key: `result-${job.id}`, says: "the result" });
  return frames;
}

function choices() {
  const shown = jobs().filter(job => framesOf(job).length);
  const texts = [["before", "before"], ...shown.map(job => [`job-${job.id}`, title(job)]), ...shown.filter(job => job.error).map(job => [`error-${job.id}`, `expected error of job ${job.number}`])];
  for (const [id, fallback] of [["left", "before"], ["right", texts.filter(([value]) => value.startsWith("job-")).at(-1)?.[0] ?? "before"]]) {
    const select = at(id), before = select.value, signature = texts.join("|") + chosen;
    if (select.dataset.signature === signature) continue;
    const known = select.dataset.picture === chosen && texts.some(([value]) => value === before);
    const wasNewest = id === "right" && following;
    select.replaceChildren(...texts.map(([value, text]) => new Option(text, value)));
    select.value = known && !wasNewest ? before : fallback;
    select.dataset.signature = signature;
    select.dataset.picture = chosen ?? "";
  }
}

let drawn = "";

async function show() {
  const p = picture();
  if (!p) return;
  choices();
  const job = shownJob(), frames = job ? framesOf(job) : [];
  at("moments-part").hidden = frames.length < 2;
  at("moment").max = Math.max(0, frames.length - 1);
  if (following) at("moment").value = at("moment").max;
  const moment = Number(at("moment").value), says = frames[moment]?.says ?? "";
  at("moment-says").textContent = says;
  at("moment").setAttribute("aria-valuetext", says);
  at("divide-part").hidden = viewer.mode !== "divider";
  at("strength-part").hidden = viewer.mode !== "blend";
  at("error-part").hidden = !job?.error;
  const left = keyOf(at("left").value, null), right = keyOf(at("right").value, frames.length ? moment : null);
  const over = job?.error && at("error-over").checked ? `error-${job.id}` : null;
  const wanted = [left, right, over].join("|");
  if (wanted !== drawn) {
    drawn = wanted;
    const [a, b, error] = await Promise.all([left, right, over].map(key => (key ? layer(key, key).catch(() => null) : null)));
    if (drawn !== wanted) return; // something newer is on its way
    viewer.error = error;
    viewer.show(a, left === right ? null : b);
    at("canvas").dataset.shows = wanted;
  }
  const held = at("task").value === "inpaint" ? maskOf(p) : null; // as it is now: loading took a while
  viewer.tool = held && tool() !== "hand" ? held.tool : null;
  viewer.overlays = [viewer.error && { draw: overlaid }, held?.mask, viewer.tool];
  at("canvas").classList.toggle("painting", Boolean(viewer.tool));
  at("canvas").setAttribute("aria-label", `${p.name}, ${p.width} by ${p.height} pixels: ${at("left").selectedOptions[0]?.text ?? ""} and ${at("right").selectedOptions[0]?.text ?? ""}`);
  viewer.draw();
  zoomed();
}

function overlaid(context, seen, scale) {
  context.globalAlpha = 0.65;
  viewer.stretched(viewer.error, seen, scale);
}

function zoomed() {
  at("zoom").textContent = `${Math.round(100 * viewer.scale)} %`;
}

// The mask

const tool = () => document.querySelector("input[name=tool]:checked").value;

function maskOf(p) {
  if (!masks.has(p.id)) {
    const mask = new Mask(p.width, p.height);
    const held = { mask, tool: new Tool(mask, () => marked(held)), id: "", version: 0 };
    masks.set(p.id, held);
    const drawn = state.pictures.filter(one => one.kind === "mask" && one.of === p.id).at(-1);
    if (drawn) tried(() => remembered(p, held, drawn.id));
  }
  const held = masks.get(p.id);
  Object.assign(held.tool, { kind: tool(), radius: Number(at("radius").value), soft: Number(at("soft").value), erase: at("erase").checked });
  return held;
}

// What was drawn before the page was opened again; strokes that were drawn until it came lie over it.
async function remembered(p, held, id) {
  const { data } = await api.bytes(`/api/pictures/${id}/values`);
  held.mask.under(data);
  marked(held, held.version ? "" : id);
  if (p.id === chosen) show();
}

// Take over a mask that the server has.
async function restored(p, held, id) {
  const { data } = await api.bytes(`/api/pictures/${id}/values`);
  held.mask.whole(values => values.set(data));
  marked(held, id);
  if (p.id === chosen) show();
}

function marked(held, id = "") {
  held.id = id;
  held.version += 1;
  const count = held.mask.count;
  at("marked").textContent = count ? `${(100 * count / held.mask.data.length).toFixed(2)} % is marked.` : "Nothing is marked yet.";
  viewer.draw();
  ask();
}

const edited = change => {
  const p = picture();
  if (!p) return;
  const held = maskOf(p);
  change(held.mask);
  marked(held);
};

async function put(address, p) {
  const found = await api.bytes(address);
  if (found.width !== p.width || found.height !== p.height) throw new Error(`the mask is ${found.width}×${found.height} pixels and the picture ${p.width}×${p.height}; they must agree`);
  edited(mask => mask.add(found.data));
}

async function sent(p) {
  const held = maskOf(p);
  if (held.mask.empty) throw new Error("nothing is marked; paint over what is to be filled");
  if (held.id) return held.id;
  // each version once: the question of the time and Start may both want it
  const version = held.version;
  if (held.sending?.version !== version) held.sending = { version, answer: api.sendMask(p.id, held.mask.data) };
  try {
    const { id } = await held.sending.answer;
    if (held.version === version) held.id = id;
    return id;
  } catch (error) {
    held.sending = null;
    throw error;
  }
}

// The form

const given = { psf: new Map(), flash: new Map() }; // uploads by file

async function uploaded(kind) {
  const file = at(kind).files[0];
  if (!file) throw new Error(kind === "psf" ? "give the picture of one bright point" : "give the picture with flash");
  if (!given[kind].has(file)) given[kind].set(file, (await api.upload(file, kind)).id);
  return given[kind].get(file);
}

async function formOf(p) {
  const task = at("task").value, uploads = {};
  if (task === "inpaint") uploads.mask = await sent(p);
  if (task === "deblur") uploads.psf = await uploaded("psf");
  if (task === "flash") uploads.flash = await uploaded("flash");
  return values(p.id, uploads);
}

let timer = 0;

function ask() {
  clearTimeout(timer);
  asking += 1;
  at("plan").replaceChildren();
  at("command").textContent = "";
  at("command").parentElement.hidden = true;
  const p = picture();
  if (!p) return;
  if (at("task").value === "inpaint" && maskOf(p).mask.empty) return;
  if (at("task").value === "deblur" && !at("psf").files.length) return;
  if (at("task").value === "flash" && !at("flash").files.length) return;
  timer = setTimeout(planned, 900);
}

async function planned() {
  const p = picture(), number = ++asking;
  if (!p) return;
  at("plan").textContent = "A few steps are timed…";
  try {
    const { command, sentences } = await api.post("/api/plan", await formOf(p));
    if (number !== asking) return;
    at("command").textContent = quoted(command);
    at("command").parentElement.hidden = false;
    at("plan").replaceChildren(...sentences.map(text => Object.assign(document.createElement("p"), { textContent: text.replace(/^invprior: /, "") })));
  } catch (error) {
    if (number === asking) at("plan").textContent = error.message;
  }
}

async function start(event) {
  event.preventDefault();
  const p = picture();
  if (!p) return;
  await tried(async () => {
    const form = await formOf(p);
    const all = at("all").checked && !at("all").closest("p").hidden ? pictures() : [p];
    for (const one of all) await api.post("/api/jobs", { ...form, picture: one.id });
    following = true;
  });
}

// Jobs

function save({ data, name }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function act(what, job, options = {}, button = null) {
  await tried(async () => {
    if (what === "show") {
      if (chosen !== job.picture) await choose(job.picture);
      following = false;
      choices();
      at("right").value = `job-${job.id}`;
      at("moment").max = framesOf(job).length - 1;
      at("moment").value = at("moment").max;
      await show();
    } else if (what === "again") {
      fill(job.form);
      await choose(job.picture);
      if (job.form.mask) await restored(picture(), maskOf(picture()), job.form.mask);
    } else if (what === "download") {
      const query = new URLSearchParams();
      if (options.format) query.set("format", options.format);
      if (options.depth) query.set("depth", options.depth);
      if (options.blend) query.set("strength", String(viewer.strength));
      await busy(button, "writing…", async () => save(await api.blob(`/api/jobs/${job.id}/result?${query}`)));
    } else if (what === "share" || what === "record") {
      save(await api.blob(`/api/jobs/${job.id}/${what}`));
    } else {
      await api.post(`/api/jobs/${job.id}/${what}`);
    }
  });
}

// Everything, whenever something has changed

function refresh() {
  // What the server told may be older than the choice: then the choice is found again in what comes next.
  chosen = (addressed() ?? picture() ?? pictures().at(-1))?.id ?? null;
  at("folder").textContent = `Results are written into ${state.folder}`;
  at("looking").hidden = at("form").hidden = chosen === null;
  at("queue").hidden = !state.jobs.length;
  strip();
  const there = new Set(pictures().map(p => p.id));
  render(at("jobs"), state.jobs.map(job => ({ ...job, there: there.has(job.picture) })), act);
  show();
}

api.watch(news => { state = news; refresh(); }, lost => { at("lost").hidden = !lost; });

// What the user does

at("files").addEventListener("change", event => { open([...event.target.files]); event.target.value = ""; });
document.addEventListener("dragover", event => { event.preventDefault(); document.body.classList.add("over"); });
document.addEventListener("dragleave", event => { if (!event.relatedTarget) document.body.classList.remove("over"); });
document.addEventListener("drop", event => {
  event.preventDefault();
  document.body.classList.remove("over");
  open([...event.dataTransfer.files]);
});
document.addEventListener("paste", event => { if (event.clipboardData?.files.length) open([...event.clipboardData.files]); });

for (const id of ["left", "right"]) at(id).addEventListener("change", () => { following = false; at("moment").value = 1e9; show(); });
at("mode").addEventListener("change", () => { viewer.mode = at("mode").value; if (viewer.fitted) viewer.fit(); show(); });
at("divide").addEventListener("input", () => { viewer.share = at("divide").value / 100; viewer.draw(); });
at("strength").addEventListener("input", () => { viewer.strength = Number(at("strength").value); at("strength-says").textContent = `${Math.round(100 * viewer.strength)} %`; viewer.draw(); });
at("moment").addEventListener("input", () => { following = Number(at("moment").value) === Number(at("moment").max); show(); });
at("error-over").addEventListener("change", show);
at("fit").addEventListener("click", () => { viewer.fit(); zoomed(); });
at("actual").addEventListener("click", () => viewer.zoomTo(1));
at("in").addEventListener("click", () => viewer.zoomTo(viewer.scale * 1.25));
at("out").addEventListener("click", () => viewer.zoomTo(viewer.scale / 1.25));
viewer.addEventListener("view", zoomed);

at("form").addEventListener("submit", start);
// At every key, not when a field is left: what a click leads to must not move under it.
at("form").addEventListener("input", event => {
  settle();
  sessionStorage.setItem("form", JSON.stringify(values("", {})));
  show();
  if (event.target.name !== "tool" && !["radius", "soft", "erase", "all", "share", "mask-file"].includes(event.target.id)) ask();
});
at("ask").addEventListener("click", planned);
for (const [id, says] of [["radius", "radius-says"], ["soft", "soft-says"]]) at(id).addEventListener("input", () => { at(says).textContent = at(id).value; show(); });
at("undo").addEventListener("click", () => edited(mask => mask.undo()));
at("redo").addEventListener("click", () => edited(mask => mask.redo()));
at("invert").addEventListener("click", () => edited(mask => mask.invert()));
at("clear").addEventListener("click", () => edited(mask => mask.clear()));
for (const button of document.querySelectorAll("[data-propose]")) {
  button.addEventListener("click", () => tried(async () => {
    const p = picture();
    await busy(button, "looking…", () => put(`/api/pictures/${p.id}/proposal/${button.dataset.propose}`, p));
  }));
}
at("mask-file").addEventListener("change", event => tried(async () => {
  const file = event.target.files[0], p = picture();
  event.target.value = "";
  if (!file) return;
  const kept = await api.upload(file, "mask");
  await put(`/api/pictures/${kept.id}/hole`, p);
}));
at("save-mask").addEventListener("click", () => tried(async () => {
  const id = await sent(picture());
  save(await api.blob(`/api/pictures/${id}/file`));
}));

document.addEventListener("keydown", event => {
  const writing = event.target.matches("input:not([type=range]):not([type=radio]):not([type=checkbox]), select, textarea");
  if (writing || at("task").value !== "inpaint" || !picture()) return;
  const z = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
  if (z) edited(mask => (event.shiftKey ? mask.redo() : mask.undo()));
  else if (event.key.toLowerCase() === "y" && event.ctrlKey) edited(mask => mask.redo());
  else if (event.key === "[" || event.key === "]") {
    const size = Number(at("radius").value);
    at("radius").value = event.key === "]" ? Math.max(size + 1, Math.round(size * 1.2)) : Math.min(size - 1, Math.round(size / 1.2));
    at("radius-says").textContent = at("radius").value;
    show();
  } else return;
  event.preventDefault();
});
if (sessionStorage.getItem("form")) fill(JSON.parse(sessionStorage.getItem("form"))); // as it was before a reload
window.addEventListener("hashchange", () => { const named = addressed(); if (named && named.id !== chosen) choose(named.id); });
settle();
