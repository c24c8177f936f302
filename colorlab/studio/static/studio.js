// The page: what is asked for, and what a person does to the drawing.

import * as server from "./server.js";
import { Gallery } from "./gallery.js";
import { FILL, Marks, areasFrom } from "./marks.js";
import { Pages } from "./pages.js";
import { View } from "./view.js";
import { bindKeys } from "./keys.js";
import { showWelcome } from "./welcome.js";

const of = (id) => document.getElementById(id);
const FIRST_SWATCHES = ["#1c1b1a", "#ffffff", "#e4572e", "#f3a712", "#f6e27f", "#3f8f5f", "#2e86ab", "#8ecae6", "#6d597a", "#f4acb7", "#d8a47f", "#8d5b3a"];
const page = { state: null, runs: [], marks: new Marks(), palette: [], palettes: {}, running: null, took: {} };

const view = new View(of("page"), {
  brush: () => (["cut", "join"].includes(view.tool) ? { kind: "edit", verb: view.tool }
    : { kind: "stroke", color: view.tool === "erase" ? "" : of("color").value, width: +of("width").value, area: null }),
  stroke: (mark) => add(mark),
  click,
});
const gallery = new Gallery(of("candidates"), of("history"), { chosen, preferred: able, seed: (seed) => { of("seed").value = seed; say(`Seed ${seed} from now on.`); } });
const pages = new Pages(of("pages"), (id) => tried(async () => open(await server.session(id))));

function add(mark) {
  if (mark.kind === "edit" && mark.points.length < 2) return say("Draw a line: press, move, let go.");
  if (mark.kind === "edit") mark.points = thinned(mark.points);
  page.marks.add(mark);
  if (mark.kind === "edit") edited();
  view.changed();
  swatches();
  able();
}

function click(place) {
  const area = view.areaAt(place), point = place.map((at) => Math.floor(at) + 0.5);
  if (view.tool === "pick") setColor(view.colorAt(place));
  else if (view.tool === "lock") {
    if (!gallery.chosen) say("Choose a candidate first: its areas are what is locked.");
    else if (area !== null) add({ kind: "lock", point, area });
  } else if (view.tool === "erase") add({ kind: "stroke", color: "", width: +of("width").value, points: [point], area });
  else add({ kind: "stroke", color: of("color").value, width: FILL, points: [point], fills: true, area });
}

// A line without those points that lie within two pixels of the one before; its ends stay.
function thinned(points) {
  const kept = [points[0]];
  for (const point of points) {
    if (Math.hypot(point[0] - kept.at(-1)[0], point[1] - kept.at(-1)[1]) > 2) kept.push(point);
  }
  return [...kept, points.at(-1)];
}

// The areas of the page, as they were cut and joined.
async function edited() {
  const { state, marks } = page, edits = marks.edits, before = view.areas?.boxes.size;
  await tried(async () => {
    const path = edits.length ? await server.areasAfter(state.id, edits) : server.areasOf(state.id);
    const image = await server.imageAt(path);
    if (path.startsWith("blob:")) URL.revokeObjectURL(path);
    if (page.state !== state || String(marks.edits) !== String(edits)) return;
    view.areas = areasFrom(image);
    marks.place((place) => view.areaAt(place));
    view.changed();
    const more = view.areas.boxes.size - before;
    if (edits.length && before) say(more > 0 ? `Cut: ${more} more to colour.` : more < 0 ? `Joined: ${-more} fewer to colour.` : "That line changes no area.");
  });
}

function say(text, wrong = false) {
  of("said").textContent = text;
  of("said").classList.toggle("wrong", wrong);
}

async function tried(work) {
  try {
    await work();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
  }
}

async function open(state) {
  page.running?.abort();
  page.running = null;
  Object.assign(page, { state, marks: pages.show(state).marks });
  of("welcome").hidden = true;
  of("work").hidden = false;
  document.body.classList.add("working");
  of("title").textContent = state.name;
  view.show(await server.imageAt(server.drawingOf(state.id)), page.marks);
  gallery.open(state);
  referred();
  swatches();
  able();
  say("");
  view.changed();
  edited();
  if (state.asked.length) return;
  await ask({});
  if (page.state === state && gallery.asked.length) say("Click the one you like. Or give areas a colour, and colour it again.");
}

// Several files are as many drawings, of which the first is shown.
async function begun(files) {
  const states = [];
  for (const file of files) states.push(await server.begin(file));
  states.forEach((state) => pages.add(state));
  if (states.length) await open(states[0]);
}

async function every() {
  for (const { id } of [...pages.list]) {
    const state = await server.session(id), fresh = !state.asked.length;
    await open(state);
    if (!fresh) await ask({});
    if (page.state !== state) return; // another was opened meanwhile
  }
}

function wish(run, more) {
  const { areas, text } = offered(run) || {};
  const words = {
    run, n: +of("n").value, seed: +of("seed").value, strokes: page.marks.forWish(), edits: page.marks.edits,
    palette: areas ? page.palette : [], text: text ? of("text").value : "", style: areas ? of("style").value : "",
    reference: page.state.reference, ...more,
  };
  if (areas && +of("temperature").value) words.temperature = +of("temperature").value;
  const locks = [...page.marks.locked.values()];
  if (areas && locks.length && gallery.chosen) Object.assign(words, { like: gallery.chosen, locks, vary: more.vary ?? 1 });
  return words;
}

// By the model, and by the one beside it.
async function ask(more) {
  if (page.running || !page.state) return;
  const running = (page.running = new AbortController()), { state } = page;
  const runs = [of("run").value, more.like ? "" : of("beside").value].filter(Boolean);
  if (!more.like && runs.every((run) => gallery.has(wish(run, more)))) of("seed").value = +of("seed").value + 1; // others
  gallery.clear();
  say("");
  able();
  for (const run of runs) {
    if (page.state === state && !running.signal.aborted) await askOne(wish(run, more), running, runs.length > 1 ? offered(run).name : "");
  }
  if (page.running === running) page.running = null;
  able();
}

async function askOne(words, running, title) {
  const asked = { ...words, pictures: [] }, { state } = page;
  const begun = performance.now(), timer = setInterval(() => progress(words, asked, begun), 100);
  gallery.expect(words.n, title);
  await tried(() => server.colour(page.state.id, words, running.signal, (said) => {
    if (page.state !== state) return;
    if (said.waiting) say(`${said.waiting} before this one…`);
    if (said.picture) {
      asked.pictures.push(said.picture);
      gallery.came(said.picture);
    }
    if (said.error) say(said.error, true);
  }));
  clearInterval(timer);
  if (page.state !== state) return;
  of("progress").hidden = true;
  if (asked.pictures.length === words.n) page.took[kindOf(words)] = (performance.now() - begun) / 1000;
  gallery.ended(asked);
}

const kindOf = (words) => `${words.run} ${words.n} ${Boolean(words.wide)}`;

function progress(words, asked, begun) {
  const spent = (performance.now() - begun) / 1000;
  const whole = page.took[kindOf(words)] || (asked.pictures.length ? (spent * words.n) / asked.pictures.length : 0);
  of("progress").hidden = spent < 0.3;
  const bar = of("progress").querySelector("progress");
  if (whole) bar.value = Math.min(0.98, spent / whole);
  else bar.removeAttribute("value");
  of("left").textContent = whole > spent ? `${Math.ceil(whole - spent)} s` : `${Math.floor(spent)} s so far`;
}

async function chosen(name) {
  able();
  const image = name ? await server.imageAt(server.pictureOf(page.state.id, name)) : null;
  if (gallery.chosen !== name) return;
  view.picture = image;
  view.draw();
}

const offered = (path = of("run").value) => page.runs.find((run) => run.path === path);

function able() {
  const busy = Boolean(page.running), areas = offered()?.areas;
  for (const id of ["colour", "wide"]) of(id).disabled = busy;
  of("more").disabled = busy || !gallery.chosen || !areas;
  of("every").hidden = pages.list.length < 2;
  of("every").disabled = busy;
  of("undo").disabled = !page.marks.done.length;
  of("redo").disabled = !page.marks.undone.length;
  of("download").disabled = !gallery.chosen && !gallery.favorites.size;
  of("download").textContent = !gallery.chosen && gallery.favorites.size ? `Save ${gallery.favorites.size} ★` : "Save";
  for (const each of document.querySelectorAll(".of-areas")) each.hidden = !areas;
  for (const each of document.querySelectorAll(".of-text")) each.hidden = !offered()?.text;
}

function setColor(color) {
  if (!/^#[0-9a-f]{6}$/i.test(color)) return;
  of("color").value = of("hex").value = color.toLowerCase();
  for (const each of of("swatches").children) each.setAttribute("aria-pressed", String(each.dataset.color === of("color").value));
}

function chip(color, title, act) {
  const made = document.createElement("button");
  made.style.setProperty("--color", color);
  made.dataset.color = color;
  made.className = "chip";
  made.title = made.ariaLabel = `${title} ${color}`;
  made.addEventListener("click", () => act(color));
  return made;
}

function swatches() {
  const colors = [...new Set([...page.palette, ...page.marks.colors, ...FIRST_SWATCHES])].slice(0, 24);
  of("swatches").replaceChildren(...colors.map((color) => chip(color, "Colour", setColor)));
  setColor(of("color").value);
}

function setPalette(colors) {
  page.palette = [...new Set(colors)].slice(0, 64);
  of("palette").replaceChildren(...page.palette.map((color) =>
    chip(color, "Take out", () => setPalette(page.palette.filter((each) => each !== color)))));
  localStorage.setItem("palette", JSON.stringify(page.palette));
  swatches();
}

function setTool(tool) {
  view.tool = tool;
  of("page").dataset.tool = tool;
  for (const each of document.querySelectorAll("[data-tool][role=radio]")) {
    each.setAttribute("aria-checked", String(each.dataset.tool === tool));
  }
  view.draw();
}

function setRuns(runs) {
  page.runs = runs;
  const named = () => runs.map((run) => new Option(`${run.name}${run.condition === "gray" ? " (gray pictures)" : ""}`, run.path));
  of("run").replaceChildren(...named());
  of("beside").replaceChildren(new Option("nothing", ""), ...named());
  setRun();
}

function setRun() {
  of("style").replaceChildren(new Option("nobody's in particular", ""), ...(offered()?.styles || []).map((style) => new Option(style)));
  able();
}

function setPalettes(palettes) {
  page.palettes = palettes;
  of("names").replaceChildren(...Object.keys(palettes).map((name) => new Option(name, name)));
}

async function keep(colors) {
  const name = of("named").value.trim();
  if (!name) return say("Give the palette a name first.");
  if (colors && !colors.length) return say("The palette has no colours yet: add some.");
  setPalettes(await server.keepPalette(name, colors || []));
  say(colors ? `Kept: ${name}.` : `Forgotten: ${name}.`);
}

// Another picture whose colours are hints, for every drawing that is open; null takes it away.
async function refer(file) {
  for (const { id } of pages.list) await server.refer(id, file);
  page.state.reference = Boolean(file);
  referred();
  say(file ? "Its colours are hints from now on." : "");
}

function referred() {
  of("referred").hidden = of("unrefer").hidden = !page.state.reference;
  of("referred").src = page.state.reference ? `${server.referenceOf(page.state.id)}?${Date.now()}` : "";
}

function undo(again) {
  const before = String(page.marks.edits);
  page.marks[again ? "redo" : "undo"]();
  if (String(page.marks.edits) !== before) edited();
  view.changed();
  able();
}

// What the page shows is what is saved: colours put on since are in a candidate that is otherwise the chosen one.
async function withMarks() {
  const like = gallery.chosen, made = gallery.asked.find((asked) => asked.pictures.includes(like));
  if (!made || JSON.stringify(made.strokes) === JSON.stringify(page.marks.forWish())) return;
  if (!offered(made.run)?.areas) throw new Error("The colours put on since are not in this candidate: colour it again first.");
  await gallery.change(wish(made.run, { like, vary: 0, n: 1, seed: made.seed }));
}

async function save() {
  say("Writing the file…");
  await withMarks();
  const names = gallery.chosen ? [gallery.chosen] : [...gallery.favorites], kind = of("kind").value;
  if (kind === "picture") for (const name of names) await server.saved(server.pictureOf(page.state.id, name), `${page.state.name}-${name}.png`);
  else await server.saved(server.exportOf(page.state.id, names, kind), `drawing.${kind}`);
  say("Saved: see your downloads.");
}

const more = () => ask({ like: gallery.chosen, vary: +of("vary").value / 100, seed: +of("seed").value + (gallery.asked?.length || 0) });
const actions = {
  colour: () => ask({}), more, wide: () => ask({ wide: true }), cancel: () => page.running?.abort(),
  undo: () => undo(false), redo: () => undo(true), in: () => view.zoom(1.3), out: () => view.zoom(1 / 1.3), fit: () => view.fit(),
  dice: () => { of("seed").value = Math.floor(Math.random() * 100000); ask({}); },
  unrefer: () => refer(null), every, keep: () => keep(page.palette), forget: () => keep(null),
  add: () => setPalette([...page.palette, of("color").value]), any: () => setPalette([]),
};
for (const [id, act] of Object.entries(actions)) of(id).addEventListener("click", () => tried(async () => act()));
for (const each of document.querySelectorAll("[data-tool][role=radio]")) each.addEventListener("click", () => setTool(each.dataset.tool));
of("color").addEventListener("input", () => setColor(of("color").value));
of("hex").addEventListener("change", () => setColor(of("hex").value.startsWith("#") ? of("hex").value : `#${of("hex").value}`));
of("vary").addEventListener("input", () => { of("varied").textContent = `${of("vary").value} %`; });
of("temperature").addEventListener("input", () => { of("warmth").textContent = +of("temperature").value || "as it is"; });
of("run").addEventListener("change", setRun);
of("save").addEventListener("submit", (event) => { event.preventDefault(); tried(save); });
of("named").addEventListener("change", () => page.palettes[of("named").value] && setPalette(page.palettes[of("named").value]));
of("file").addEventListener("change", () => tried(async () => begun([...of("file").files])));
of("reference").addEventListener("change", () => tried(async () => refer(of("reference").files[0])));
of("colors").addEventListener("change", () => tried(async () => setPalette(await server.colorsIn(of("colors").files[0]))));
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener("dragover", () => of("drop").classList.add("over"));
document.addEventListener("dragleave", () => of("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  of("drop").classList.remove("over");
  const files = [...event.dataTransfer.files];
  tried(async () => begun(files));
});
bindKeys({ view, gallery, setTool, actions });

tried(async () => {
  const offers = await server.start();
  setRuns(offers.runs);
  setPalettes(offers.palettes);
  setPalette(JSON.parse(localStorage.getItem("palette") || "[]").filter((color) => /^#[0-9a-f]{6}$/.test(color)));
  showWelcome(offers, (session) => tried(async () => open(await session())));
  document.documentElement.dataset.ready = "yes";
  const [first, ...others] = location.hash.slice(1).split(",").filter((id) => /^[0-9a-f]{16}$/.test(id));
  for (const id of others) pages.add(await server.session(id));
  if (first) await open(await server.session(first));
});
