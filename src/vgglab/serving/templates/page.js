// Sends pictures to the server that this page is from, a few at a time, and shows what the network says of each.
"use strict";
(() => {
  const TOGETHER = 4, TRIES = 8, TOP = 5, SMALL = 96;
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const language = document.documentElement.lang;
  const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const percent = (share) => `${tenths.format(100 * share)}${language === "fr" ? "\u202f" : "\u00a0"}%`;
  const find = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const answers = find("answers"), status = find("status"), choice = find("network"), drop = find("drop");
  const waiting = [];
  let busy = 0, all = 0, done = 0;

  const about = () => Array.from(document.querySelectorAll(".about"));
  const chosen = () => about().find((part) => !part.hidden);

  // What the server answers; where it has no room it says when to come again.
  async function ask(address, body) {
    for (let tried = 1; ; tried += 1) {
      let answer;
      try {
        answer = await fetch(address, { method: "POST", body });
      } catch {
        throw new Error(texts.unreachable);
      }
      if (answer.status !== 503 || tried === TRIES) {
        const told = await answer.json().catch(() => ({ error: String(answer.status) }));
        if (told.error) throw new Error(told.error);
        return told;
      }
      await new Promise((go) => setTimeout(go, 1000 * Number(answer.headers.get("Retry-After") || 1)));
    }
  }

  function card(file) {
    const item = find("answer").content.firstElementChild.cloneNode(true);
    const image = item.querySelector("img");
    image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth <= SMALL));
    image.addEventListener("error", () => { image.hidden = true; });
    image.src = URL.createObjectURL(file);
    image.alt = fill(texts.picture, { name: file.name });
    item.querySelector("figcaption").textContent = file.name;
    item.querySelector("h2").textContent = texts.waiting;
    answers.prepend(item);
    return item;
  }

  function bar(row) {
    const line = document.createElement("li"), track = document.createElement("span"), part = document.createElement("span");
    const name = document.createElement("span"), share = document.createElement("span");
    name.textContent = row.class;
    share.textContent = percent(row.probability);
    track.className = "track";
    track.setAttribute("aria-hidden", "true");
    part.className = "fill";
    part.style.width = `${100 * row.probability}%`;
    track.append(part);
    line.append(name, share, track);
    return line;
  }

  function show(item, row, file, network, explainable) {
    item.classList.add(row.certainty);
    item.querySelector("h2").textContent = fill(texts.said, { class: row.class, share: percent(row.probability) });
    const known = row.right !== null;
    item.querySelector(".certainty").textContent = fill(texts[known ? row.certainty : `${row.certainty}_unknown`], {
      right: Math.round(row.right * row.right_of), count: row.right_of,
    });
    item.querySelector(".bars").append(...row.top.map(bar));
    const button = item.querySelector(".look");
    button.hidden = !explainable;
    button.setAttribute("aria-label", fill(texts.look, { name: file.name }));
    button.addEventListener("click", () => look(item, button, row, file, network));
  }

  function fail(item, reason) {
    item.classList.add("failed");
    item.querySelector("h2").textContent = texts.failed;
    const told = item.querySelector(".certainty");
    told.textContent = reason;
    told.lang = "en";
  }

  // The picture, and instead of it where the network looked; asked once, then the button changes between them.
  async function look(item, button, row, file, network) {
    const image = item.querySelector("img"), told = item.querySelector(".looked");
    if (!item.drawn) {
      button.disabled = true;
      told.textContent = texts.loading;
      try {
        const query = new URLSearchParams({ model: network, class: row.class });
        item.drawn = `data:image/png;base64,${(await ask(`/v1/explain?${query}`, form(file))).overlay}`;
        item.plain = image.src;
      } catch (error) {
        told.textContent = error.message;
        return;
      } finally {
        button.disabled = false;
      }
    }
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    image.hidden = false;
    image.src = pressed ? item.drawn : item.plain;
    image.alt = fill(pressed ? texts.drawn : texts.picture, { name: file.name, class: row.class });
    told.textContent = pressed ? fill(texts.drawn_told, { class: row.class }) : "";
    button.focus();
  }

  function form(file) {
    const body = new FormData();
    body.append("files", file, file.name);
    return body;
  }

  async function answer(item, file) {
    const part = chosen(), network = part.dataset.network;
    try {
      const query = new URLSearchParams({ model: network, top: TOP });
      const told = await ask(`/v1/predict?${query}`, form(file)).catch((error) => ({ error: error.message }));
      const row = told.predictions ? told.predictions[0] : told;
      if (row.error) fail(item, row.error);
      else show(item, row, file, network, part.dataset.explainable === "true");
    } finally {
      busy -= 1;
      done += 1;
      const heading = item.querySelector("h2").textContent;
      const progress = all > 1 ? ` ${fill(texts.progress, { done, count: all })}` : "";
      status.textContent = `${file.name}: ${heading}.${progress}`;
      next();
    }
  }

  function next() {
    while (waiting.length && busy < TOGETHER) {
      busy += 1;
      answer(...waiting.shift());
    }
    if (!busy) all = done = 0;
  }

  function take(files) {
    const pictures = Array.from(files);
    if (!pictures.length) return;
    all += pictures.length;
    waiting.push(...pictures.map((file) => [card(file), file]));
    next();
  }

  for (const id of ["choose", "photograph"]) {
    find(id).addEventListener("change", (event) => {
      take(event.target.files);
      event.target.value = "";
    });
  }
  if (choice) {
    choice.addEventListener("change", () => about().forEach((part) => { part.hidden = part.dataset.network !== choice.value; }));
  }
  addEventListener("paste", (event) => take(event.clipboardData.files));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
})();
