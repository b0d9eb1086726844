// Figures that move without a reload. Every page works without this: what is shown here is what the same address
// shows when it is asked for anew.
"use strict";
// The search box has a key.
document.addEventListener("keydown", (event) => {
  const box = document.getElementById("find");
  const typing = event.target instanceof Element && event.target.matches("input,select,textarea");
  if (event.key !== "/" || typing || !box || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  box.focus();
});
// On a phone the navigation is two rows that scroll: where somebody is stands in their middle.
function showHere() {
  for (const link of document.querySelectorAll(".top nav [aria-current]")) {
    const row = link.closest("ul");
    row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }
}
showHere();
addEventListener("resize", showHere);
// A chart tells the figures of the day that is pointed at or touched below it.
for (const kind of ["pointerover", "click"]) {
  document.addEventListener(kind, (event) => {
    const day = event.target.closest && event.target.closest("rect.told");
    const figure = day && day.closest("figure");
    if (!figure) return;
    let said = figure.querySelector(".readout");
    if (!said) {
      said = figure.appendChild(document.createElement("p"));
      said.className = "readout soft";
    }
    said.textContent = day.textContent;
  });
}
// Tables are sorted, searched and turned over in place; the address says how, as without a script.
(() => {
  async function swap(href, table) {
    const answer = await fetch(href, { credentials: "same-origin", redirect: "manual" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(table.id);
    if (!fresh) throw new Error("gone");
    table.replaceChildren(...fresh.childNodes);
    history.replaceState(null, "", href.split("#")[0]);
    const main = document.querySelector("main[data-live-secs]");
    if (main) main.dataset.liveTag = "";
  }
  function take(event, href, table) {
    event.preventDefault();
    swap(href, table).catch(() => { location.href = href; });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("[data-table] thead a,[data-table] .after nav a,[data-table] .after p a:not([download])");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    take(event, link.href, link.closest("[data-table]"));
  });
  // A cell of the map shows its places in the table.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("svg.map a");
    const table = document.getElementById("t-places");
    if (!link || !table || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    take(event, link.href.baseVal, table);
    table.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("submit", (event) => {
    const table = event.target.closest("[data-table]");
    if (!table || event.target.method !== "get") return;
    const to = new URL(event.target.action);
    to.search = new URLSearchParams(new FormData(event.target)).toString();
    take(event, to.href, table);
  });
})();
(() => {
  const main = document.querySelector("main[data-live-secs]");
  if (!main) return;
  const said = document.getElementById("said");
  let tag = main.dataset.liveTag;
  let failures = 0;

  const regions = (root) => root.querySelectorAll("[data-live][id]");

  async function look() {
    if (document.hidden) return;
    const answer = await fetch(location.href, {
      headers: { "If-None-Match": tag },
      credentials: "same-origin",
      redirect: "manual",
    });
    // The login has ended, or the page is another one: the whole page tells.
    if (answer.type === "opaqueredirect") {
      location.reload();
      return;
    }
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) return;
    tag = fresh.dataset.liveTag || "";
    let moved = false;
    for (const region of regions(main)) {
      const now = fresh.querySelector("#" + CSS.escape(region.id));
      if (!now || now.innerHTML === region.innerHTML) continue;
      // What the reader is in must not vanish under their hands.
      if (region.contains(document.activeElement) && document.activeElement.matches("input,select,a,button")) {
        tag = "";
        continue;
      }
      region.replaceChildren(...now.childNodes);
      moved = true;
    }
    if (moved && said) {
      said.textContent = "";
      said.textContent = said.dataset.moved;
      setTimeout(() => { said.textContent = ""; }, 4000);
    }
    main.dataset.liveSecs = fresh.dataset.liveSecs || "0";
    if (!fresh.dataset.liveSecs) location.reload();
  }

  async function go() {
    try {
      await look();
      failures = 0;
    } catch {
      failures = Math.min(failures + 1, 5);
    }
    const secs = Number(main.dataset.liveSecs);
    if (secs > 0) setTimeout(go, secs * 1000 * 2 ** failures);
  }
  setTimeout(go, Number(main.dataset.liveSecs) * 1000);
})();
// Counts: their sum while they are typed, and what was typed outlives a dead line and the login.
(() => {
  const form = document.querySelector("form.tally");
  if (!form) return;
  const line = form.querySelector(".sum");
  const told = line.querySelector("span");
  const key = "tally " + form.dataset.keep;
  const fields = () => [...form.querySelectorAll("input[type=number]:not([readonly])")];
  // What was changed, with what is stored: where that is another by now, the page is right.
  const typed = () => fields().filter((field) => field.value !== field.dataset.had)
    .map((field) => [field.name, field.dataset.had, field.value]);
  let note = "";
  function add() {
    const all = [...form.querySelectorAll("input[type=number]")];
    const sum = all.reduce((sum, field) => sum + (Number(field.value) || 0), 0);
    const over = line.dataset.most !== undefined && sum > Number(line.dataset.most);
    line.classList.toggle("over", over);
    const most = over ? " " + line.dataset.over.replace("$most", line.dataset.most) : "";
    told.textContent = line.dataset.sum.replace("$sum", String(sum)) + most + (note ? " " + note : "");
  }
  let store;
  try { store = window.localStorage; } catch { store = null; }
  const address = new URL(location.href);
  if (store && address.searchParams.get("done") === "tallied") {
    store.removeItem(key);
    // Once: what is typed after that outlives a reload.
    address.searchParams.delete("done");
    history.replaceState(null, "", address);
  }
  const kept = store && store.getItem(key);
  for (const [name, had, value] of JSON.parse(kept || "[]")) {
    const field = fields().find((one) => one.name === name && one.dataset.had === had);
    if (!field || field.value === value) continue;
    field.value = value;
    note = line.dataset.back;
  }
  form.addEventListener("input", () => {
    const all = typed();
    if (store && all.length) store.setItem(key, JSON.stringify(all));
    else if (store) store.removeItem(key);
    note = "";
    add();
  });
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    note = line.dataset.wait;
    add();
    // Counts are what they are: sent twice, they are the same.
    window.addEventListener("online", () => form.submit(), { once: true });
  });
  add();
})();
// Numbers that can be slid.
for (const slider of document.querySelectorAll("input[data-slides]")) {
  const field = document.getElementById(slider.dataset.slides);
  slider.hidden = false;
  slider.addEventListener("input", () => { field.value = slider.value; });
  field.addEventListener("input", () => { slider.value = field.value; });
}
