// The form: what is to be done, as the server reads it.

const at = id => document.getElementById(id);
const FIELDS = ["task", "factor", "preset", "time", "sigma", "weight", "iterations", "tile", "format", "depth"];

export function values(picture, uploads) {
  const text = id => at(id).value.trim();
  const form = { picture, prior: text("prior") || text("own"), mode: text("fmode"), align: at("align").checked, error_map: at("map").checked };
  for (const name of FIELDS) form[name] = text(name);
  if (form.task !== "upscale") form.factor = "4";
  if (!form.prior.includes("dip")) form.preset = "";
  if (form.prior !== "auto") form.time = "";
  else form.weight = "";
  form.strength = Number(at("share").value);
  form.seed = text("seed");
  return { ...form, ...uploads };
}

// Fill the form with the settings of a job.
export function fill(form) {
  for (const name of FIELDS) at(name).value = form[name];
  at("fmode").value = form.mode;
  at("align").checked = form.align;
  at("map").checked = form.error_map;
  at("share").value = form.strength;
  at("seed").value = form.seed;
  const known = [...at("prior").options].some(option => option.value === form.prior);
  at("prior").value = known ? form.prior : "";
  if (!known) at("own").value = form.prior;
  settle();
}

// Show the fields that the task and the prior have.
export function settle() {
  const task = at("task").value, prior = at("prior").value || at("own").value;
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== task;
  at("marking").hidden = task !== "inpaint";
  at("own-part").hidden = at("prior").value !== "";
  at("preset-part").hidden = !prior.includes("dip");
  at("time-part").hidden = prior !== "auto";
  at("weight-part").hidden = prior === "auto";
  at("prior-says").textContent = at("prior").selectedOptions[0]?.dataset.says ?? "";
  at("share-says").textContent = `${Math.round(100 * at("share").value)} %`;
  at("all").closest("p").hidden = task === "inpaint" || task === "flash";
}
