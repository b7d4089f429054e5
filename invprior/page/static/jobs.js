// The list of jobs; an entry is made once and then only changed, so that nothing loses the focus.

import { get } from "./api.js";

const WORDS = { queued: "waits", running: "runs", done: "done", stopped: "stopped", cancelled: "cancelled", failed: "failed" };
const entries = new Map();

export function spoken(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const quoted = words => words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(" ");

export const title = job => `${job.number} · ${job.name}: ${job.task}, ${job.prior}`;

export function render(list, jobs, act) {
  const newest = [...jobs].reverse(); // the newest first, but what runs or waits above all
  newest.sort((a, b) => Number(["running", "queued"].includes(b.state)) - Number(["running", "queued"].includes(a.state)));
  for (const [id, entry] of entries) {
    if (!jobs.some(job => job.id === id)) {
      entry.remove();
      entries.delete(id);
    }
  }
  newest.forEach((job, place) => {
    if (!entries.has(job.id)) entries.set(job.id, made(job.id, act));
    const entry = entries.get(job.id);
    if (list.children[place] !== entry) list.insertBefore(entry, list.children[place] ?? null);
    update(entry, job);
  });
}

function made(id, act) {
  const entry = document.getElementById("job").content.firstElementChild.cloneNode(true);
  entry.dataset.id = id;
  for (const button of entry.querySelectorAll("[data-act]")) button.addEventListener("click", () => act(button.dataset.act, entry.job));
  entry.querySelector("form").addEventListener("submit", event => {
    event.preventDefault();
    const data = new FormData(event.target);
    act("download", entry.job, { format: data.get("format"), depth: data.get("depth"), blend: data.has("blend") }, event.submitter);
  });
  const more = entry.querySelector(".more");
  more.addEventListener("toggle", () => { if (more.open) chart(entry, entry.job); });
  return entry;
}

function update(entry, job) {
  entry.job = job;
  entry.className = `job ${job.state}`;
  const put = (selector, text) => {
    const node = entry.querySelector(selector);
    if (node.textContent !== text) node.textContent = text;
  };
  put("h3", title(job));
  put(".state", WORDS[job.state]);
  const bar = entry.querySelector("progress");
  bar.hidden = job.state !== "running";
  bar.setAttribute("aria-label", `progress of job ${job.number}`);
  if (job.iteration && job.total) bar.value = Math.min(1, job.iteration / job.total);
  else bar.removeAttribute("value");
  let times = "";
  if (job.iteration) {
    const most = job.state === "running" && job.total ? ` of at most ${job.total}` : "";
    times = `iteration ${job.iteration}${most}, ${spoken(job.seconds)}`;
    if (job.state === "running" && job.total > job.iteration) times += `; at most ${spoken((job.total - job.iteration) * job.seconds / job.iteration)} left`;
  } else if (job.state === "running") {
    times = "begins: reads the picture and finds the noise and the weight";
  }
  put(".times", times);
  const sentences = entry.querySelector(".sentences"), said = job.sentences.slice(-4).map(text => text.replace(/^invprior: /, ""));
  if (sentences.dataset.said !== said.join("\n")) {
    sentences.dataset.said = said.join("\n");
    sentences.replaceChildren(...said.map(text => Object.assign(document.createElement("li"), { textContent: text })));
  }
  const offered = {
    show: job.there && (job.result || job.moments.length > 0),
    keep: job.state === "running" && Boolean(job.iteration),
    cancel: ["queued", "running"].includes(job.state),
    "go-on": job.goes_on,
    again: job.there,
    remove: job.state !== "running",
  };
  for (const button of entry.querySelectorAll(".acts [data-act]")) {
    button.hidden = !offered[button.dataset.act];
    button.setAttribute("aria-label", `${button.textContent}, job ${job.number}`);
  }
  entry.querySelector(".save").hidden = !job.result;
  put(".more code", quoted(job.command));
  if (entry.querySelector(".more").open) chart(entry, job);
}

// The curves of the signals that the stop rules watch, or of the objective where there is none.
async function chart(entry, job) {
  const now = performance.now();
  if (entry.due > now || (entry.charted === job.iteration && entry.charted !== undefined)) return;
  entry.due = now + 2000;
  entry.charted = job.iteration;
  const lines = await get(`/api/jobs/${job.id}/journal`).catch(() => []);
  const names = new Set(lines.flatMap(line => Object.keys(line.signals)).filter(name => name in NAMES));
  const series = [...names].map(name => [name, lines.map(line => [line.iteration, line.signals[name]])]);
  if (!series.length) series.push(["objective", lines.map(line => [line.iteration, line.value])]);
  entry.querySelector(".chart").replaceChildren(...series.map(([name, points]) => curve(name, points.filter(p => Number.isFinite(p[1])))));
}

// The signals by the names that rules and solvers give them; a solve has several fits, so a signal may begin anew.
const NAMES = {
  objective: "the objective",
  discrepancy: "stop signal: misfit of the measurement, 1 is that of its noise",
  windowed_variance: "stop signal: variance of the last images",
  moving_variance: "stop signal: variance of the images, averaged",
  held_out: "stop signal: misfit of values that were held back",
  residual: "stop signal: gradient",
};

function curve(name, points) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = NAMES[name];
  figure.append(caption);
  if (points.length < 2) {
    caption.textContent += " (too few points yet)";
    return figure;
  }
  const make = (tag, attributes, text = "") => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.textContent = text;
    return node;
  };
  const positive = points.every(p => p[1] > 0), scaled = positive ? Math.log10 : value => value;
  const ys = points.map(p => scaled(p[1])), low = Math.min(...ys), high = Math.max(...ys), most = points[points.length - 1][0];
  const x = value => 70 + 360 * value / most, y = value => 150 - 130 * (high > low ? (scaled(value) - low) / (high - low) : 0.5);
  const raised = value => (positive ? 10 ** value : value).toPrecision(3);
  const svg = make("svg", { viewBox: "0 0 440 180", role: "img", "aria-label": `${name}: from ${points[0][1].toPrecision(3)} to ${points[points.length - 1][1].toPrecision(3)} in ${most} iterations` });
  for (const [value, level] of [[high, 20], [low, 150]]) {
    svg.append(make("line", { x1: 70, x2: 430, y1: level, y2: level, class: "axis" }), make("text", { x: 64, y: level + 4, "text-anchor": "end" }, raised(value)));
  }
  svg.append(make("polyline", { points: points.map(p => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ") }));
  svg.append(make("text", { x: 430, y: 170, "text-anchor": "end" }, `iteration ${most}`));
  figure.append(svg);
  return figure;
}
