// Speaking to the server; whatever is wrong comes back as a sentence.

async function answer(response) {
  if (response.ok) return response;
  const text = await response.text();
  let said = text;
  try { said = JSON.parse(text).error; } catch { /* not JSON: the sentence itself */ }
  throw new Error(said || `the server answered ${response.status}`);
}

const asked = (address, options) => fetch(address, options).then(answer, () => { throw new Error("the server does not answer; is invprior serve still running?"); });

export const get = address => asked(address).then(response => response.json());
export const post = (address, value) => asked(address, { method: "POST", body: value === undefined ? null : JSON.stringify(value) }).then(response => response.json());
export const remove = address => asked(address, { method: "DELETE" }).then(response => response.json());
export const upload = (file, kind) => asked("/api/pictures", { method: "POST", body: file, headers: { "x-name": encodeURIComponent(file.name || "picture"), "x-kind": kind } }).then(response => response.json());
export const sendMask = (picture, data) => asked(`/api/masks/${picture}`, { method: "POST", body: data }).then(response => response.json());
export const bytes = async address => {
  const response = await asked(address);
  return { data: new Uint8Array(await response.arrayBuffer()), width: Number(response.headers.get("x-width")), height: Number(response.headers.get("x-height")) };
};
export const blob = async address => {
  const response = await asked(address);
  const named = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") || "");
  return { data: await response.blob(), name: named ? named[1] : "result" };
};

// The state of everything, again whenever it changes; `lost` is told when the server cannot be reached.
export function watch(show, lost) {
  const source = new EventSource("/api/events");
  source.onmessage = event => { lost(false); show(JSON.parse(event.data)); };
  source.onerror = () => lost(true);
  return source;
}
