// The keyboard: letters for tools and questions, arrows and Enter for the drawing itself.

const TOOLS = { f: "fill", b: "paint", e: "erase", i: "pick", l: "lock", x: "cut", j: "join", h: "move" };

export function bindKeys({ view, gallery, setTool, actions }) {
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=range]):not([type=color]), select, textarea") || !view.drawing) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" || key === "y") act(event, event.shiftKey || key === "y" ? actions.redo : actions.undo);
      return;
    }
    if (event.altKey) return;
    const on = event.target === view.canvas, step = (event.shiftKey ? 1 : 12) / Math.max(view.scale, 0.1);
    const arrows = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (on && arrows[event.key]) act(event, () => view.step(...arrows[event.key]));
    else if (on && event.key === "Enter" && view.cross) act(event, () => applied(view));
    else if (event.key === "Enter" && !event.target.matches("button, summary")) act(event, actions.colour);
    else if (event.key === " " && !event.target.matches("button, summary")) act(event, () => { view.held = true; });
    else if (TOOLS[key]) setTool(TOOLS[key]);
    else if (key === "m" && gallery.chosen) actions.more();
    else if (key === "d") actions.wide();
    else if (key === "s" && gallery.chosen) gallery.prefer(gallery.chosen);
    else if (key === "+" || key === "=") actions.in();
    else if (key === "-") actions.out();
    else if (key === "0") actions.fit();
    else if (/^[1-9]$/.test(key) && gallery.nth(+key)) gallery.choose(gallery.nth(+key));
    else if (key === "escape") actions.cancel();
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") view.held = false;
  });
}

// Strokes and lines have two ends: the first Enter begins one, the second ends it; painting needs only one.
function applied(view) {
  const brush = view.used.brush();
  if (["cut", "join"].includes(view.tool)) {
    if (!view.live) view.live = { ...brush, points: [view.cross] };
    else {
      const line = { ...view.live, points: [...view.live.points, view.cross] };
      view.live = null;
      view.used.stroke(line);
    }
    view.draw();
  } else if (["paint", "erase"].includes(view.tool)) view.used.stroke({ ...brush, points: [view.cross] });
  else view.used.click(view.cross);
}

function act(event, action) {
  event.preventDefault();
  action();
}
