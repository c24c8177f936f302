// Candidates and history as buttons: a click chooses, a star keeps.

import * as server from "./server.js";

export class Gallery {
  constructor(now, history, used) {
    Object.assign(this, { now, history, used, chosen: "", id: "", favorites: new Set() });
    for (const place of [now, history]) place.addEventListener("keydown", (event) => this.arrows(event, place));
  }

  open(state) {
    const latest = state.asked.at(-1), chosen = latest?.locks?.length ? latest.like : "";
    Object.assign(this, { id: state.id, favorites: new Set(state.favorites), asked: state.asked, chosen });
    this.now.replaceChildren(...(latest?.pictures || []).map((name, k) => this.card(name, k + 1)));
    this.past();
    this.used.chosen(chosen); // locks are of its areas
  }

  clear() {
    this.now.replaceChildren();
  }

  // Empty places for what is to come, below a title if there is one.
  expect(n, title) {
    if (title) {
      const heading = document.createElement("h3");
      heading.textContent = title;
      this.now.append(heading);
    }
    this.now.append(...Array.from({ length: n }, () => {
      const place = document.createElement("div");
      place.className = "candidate awaited";
      return place;
    }));
  }

  came(name) {
    const place = this.now.querySelector(".awaited");
    const made = this.card(name, this.now.querySelectorAll("figure").length + 1);
    if (place) place.replaceWith(made);
    else this.now.append(made);
  }

  ended(asked) {
    for (const place of this.now.querySelectorAll(".awaited")) place.remove();
    if (asked.pictures.length) this.asked.push(asked);
    this.past();
  }

  // Whether just these words were asked already, and all that they ask for came.
  has(words) {
    const keys = [...Object.keys(words), "like", "locks", "temperature", "wide"];
    const plain = (value) => JSON.stringify(value?.length === 0 ? null : value || null);
    const same = (asked) => keys.every((key) => plain(words[key]) === plain(asked[key]));
    return this.asked.some((asked) => asked.pictures.length === words.n && same(asked));
  }

  // One more candidate, in the history, chosen.
  async change(words) {
    const asked = { ...words, pictures: [] };
    await server.colour(this.id, words, undefined, (said) => {
      if (said.error) throw new Error(said.error);
      if (said.picture) asked.pictures.push(said.picture);
    });
    this.ended(asked);
    this.choose(asked.pictures[0]);
  }

  past() {
    const shown = this.asked.map((asked, at) => ({ asked, at })).reverse();
    const earlier = shown.map(({ asked, at }) => {
      const row = document.createElement("div");
      const title = document.createElement("h3");
      const kind = asked.like ? `like ${asked.like}, ${Math.round(100 * asked.vary)} %` : asked.wide ? "very different" : "coloured";
      title.textContent = `${at + 1} · ${kind} · ${String(asked.run).split("/").pop()} · `;
      const pictures = document.createElement("div");
      pictures.className = "row pictures";
      pictures.append(...asked.pictures.map((name, k) => this.card(name, k + 1)));
      const again = document.createElement("button");
      again.className = "seed";
      again.textContent = `seed ${asked.seed}`;
      again.title = "Ask with this seed from now on";
      again.addEventListener("click", () => this.used.seed(asked.seed));
      title.append(again);
      row.append(title, pictures);
      return row;
    });
    const title = document.createElement("h2");
    title.textContent = "History";
    this.history.replaceChildren(...(earlier.length ? [title, ...earlier] : []));
  }

  card(name, k) {
    const card = document.createElement("figure");
    card.className = "candidate";
    card.dataset.name = name;
    const choose = document.createElement("button");
    choose.className = "choose";
    choose.setAttribute("aria-pressed", String(name === this.chosen));
    const picture = new Image();
    picture.src = server.pictureOf(this.id, name, true);
    picture.alt = `Candidate ${k}`;
    picture.draggable = false;
    choose.append(picture);
    choose.addEventListener("click", () => this.choose(name));
    const star = document.createElement("button");
    star.className = "star";
    star.title = "Favourite";
    star.setAttribute("aria-label", `Favourite ${k}`);
    star.setAttribute("aria-pressed", String(this.favorites.has(name)));
    star.textContent = "★";
    star.addEventListener("click", () => this.prefer(name));
    card.append(choose, star);
    return card;
  }

  choose(name) {
    this.chosen = name === this.chosen ? "" : name;
    for (const card of document.querySelectorAll("figure.candidate")) {
      card.querySelector(".choose").setAttribute("aria-pressed", String(card.dataset.name === this.chosen));
    }
    this.used.chosen(this.chosen);
  }

  async prefer(name) {
    const { favorites } = await server.prefer(this.id, name, !this.favorites.has(name));
    this.favorites = new Set(favorites);
    for (const card of document.querySelectorAll("figure.candidate")) {
      card.querySelector(".star").setAttribute("aria-pressed", String(this.favorites.has(card.dataset.name)));
    }
    this.used.preferred();
  }

  nth(k) {
    return this.now.querySelectorAll("figure.candidate")[k - 1]?.dataset.name;
  }

  arrows(event, place) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = [...place.querySelectorAll(".choose")], at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    all[(at + step + all.length) % all.length].focus();
  }
}
