// Where a person begins: drawings that ship, and the sessions that were worked on last.

import * as server from "./server.js";

export function showWelcome(offers, opened) {
  document.getElementById("examples").replaceChildren(...offers.drawings.map((name) =>
    card(`/static/drawings/${name}.svg`, name, () => opened(() => server.beginWith(name)))));
  document.getElementById("sessions").replaceChildren(...offers.sessions.map(({ id, name, picture }) =>
    card(server.pictureOf(id, picture, true), name, () => opened(() => server.session(id)))));
  document.getElementById("lately").hidden = !offers.sessions.length;
}

function card(source, name, clicked) {
  const item = document.createElement("li"), button = document.createElement("button");
  const picture = new Image(), label = document.createElement("span");
  picture.src = source;
  picture.alt = "";
  label.textContent = button.title = name;
  button.append(picture, label);
  button.addEventListener("click", clicked);
  item.append(button);
  return item;
}
