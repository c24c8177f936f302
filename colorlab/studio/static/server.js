// The studio's HTTP interface, as functions.

async function answer(response) {
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Error(said.error || `the studio answers ${response.status}`);
}

const json = async (path, options) => (await answer(await fetch(path, options))).json();
const one = (id) => `/api/sessions/${id}`;

export const start = () => json("/api/start");
export const session = (id) => json(one(id));
export const drawingOf = (id) => `${one(id)}/drawing.png`;
export const areasOf = (id) => `${one(id)}/areas.png`;
export async function areasAfter(id, edits) {
  const headers = { "content-type": "application/json" };
  const response = await answer(await fetch(areasOf(id), { method: "POST", body: JSON.stringify({ edits }), headers }));
  return URL.createObjectURL(await response.blob());
}

export const pictureOf = (id, name, small) => `${one(id)}/pictures/${name}.png${small ? "?small" : ""}`;
export const exportOf = (id, names, kind) => `${one(id)}/export?pictures=${names.join(",")}&kind=${kind}`;

export function begin(file) {
  const headers = { "content-type": file.type.startsWith("image/") ? file.type : "image/unknown" };
  return json(`/api/sessions?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file, headers });
}

export const beginWith = (name) => json(`/api/sessions?drawing=${encodeURIComponent(name)}`, { method: "POST" });

export const referenceOf = (id) => `${one(id)}/reference.png`;
export function refer(id, file) {
  const headers = { "content-type": "image/unknown" };
  return json(referenceOf(id), file ? { method: "PUT", body: file, headers } : { method: "DELETE" });
}

export const prefer = (id, name, on) => json(`${one(id)}/favorites/${name}`, { method: on ? "PUT" : "DELETE" });

export async function keepPalette(name, colors) {
  const options = colors.length ? { method: "PUT", body: JSON.stringify(colors), headers: { "content-type": "application/json" } } : { method: "DELETE" };
  return (await json(`/api/palettes/${encodeURIComponent(name)}`, options)).palettes;
}

export async function colorsIn(file) {
  const headers = { "content-type": "image/unknown" };
  const path = `/api/palette?name=${encodeURIComponent(file.name)}`;
  return (await json(path, { method: "POST", body: file, headers })).colors;
}

// Calls told with each line that comes; signal ends the job.
export async function colour(id, wish, signal, told) {
  const options = { method: "POST", body: JSON.stringify(wish), signal, headers: { "content-type": "application/json" } };
  const response = await answer(await fetch(`${one(id)}/candidates`, options));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (text + value).split("\n");
    text = lines.pop();
    for (const line of lines) told(JSON.parse(line));
  }
}

export async function saved(path, name) {
  const response = await answer(await fetch(path));
  const given = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") || "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = given ? given[1] : name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export function imageAt(path) {
  return new Promise((there, failed) => {
    const image = new Image();
    image.onload = () => there(image);
    image.onerror = () => failed(new Error("the picture cannot be shown"));
    image.src = path;
  });
}
