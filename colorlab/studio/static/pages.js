// The drawings that are open, one of them on the page: what was put on each stays while another is looked at.

import * as server from "./server.js";
import { Marks } from "./marks.js";

export class Pages {
  constructor(place, opened) {
    Object.assign(this, { place, opened, list: [], id: "" });
  }

  // The page of a session, which is a new one or one of those that are open.
  show(state) {
    let found = this.list.find((each) => each.id === state.id);
    if (!found) this.list.push((found = this.page(state)));
    this.id = state.id;
    this.drawn();
    return found;
  }

  // One that waits to be looked at.
  add(state) {
    if (!this.list.some((each) => each.id === state.id)) this.list.push(this.page(state));
    this.drawn();
  }

  page(state) {
    return { id: state.id, name: state.name, marks: Marks.of(state.asked.at(-1)) };
  }

  get current() {
    return this.list.find((each) => each.id === this.id);
  }

  // For the address: the page that is shown, then all.
  get address() {
    return this.list.length > 1 ? [this.id, ...this.list.map((each) => each.id)].join(",") : this.id;
  }

  drawn() {
    history.replaceState(null, "", `#${this.address}`);
    this.place.hidden = this.list.length < 2;
    this.place.replaceChildren(...this.list.map((each) => {
      const button = document.createElement("button"), picture = new Image();
      picture.src = server.drawingOf(each.id);
      picture.alt = button.title = each.name;
      button.setAttribute("aria-current", String(each.id === this.id));
      button.append(picture);
      button.addEventListener("click", () => each.id !== this.id && this.opened(each.id));
      return button;
    }));
  }
}
