// Figures that move without a reload. Every page works without this: what is shown here is what the same address
// shows when it is asked for anew.
"use strict";
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
