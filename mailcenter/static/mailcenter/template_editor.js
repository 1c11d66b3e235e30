/* The preview follows the typing. Without this file the button "Preview" does the same. */
"use strict";

(() => {
  const WAIT = 300; // milliseconds without a key
  const form = document.getElementById("template_form");
  const look = form.querySelector(".bench-look");
  const stale = look.querySelector(".stale");
  let timer;
  let running;
  // What a button brought back is not saved either.
  let typed = "typed" in form.dataset;

  /* What has changed inside a piece. Frames and sources stay where they are, with the size that
     somebody has given them and as far as they are scrolled. */
  const replace = (older, piece) => {
    const [frame, source] = ["iframe", "pre"].map((tag) => older.querySelector(`:scope > ${tag}`));
    if (frame) frame.srcdoc = piece.querySelector("iframe").srcdoc;
    else if (source) source.textContent = piece.querySelector("pre").textContent;
    else older.replaceChildren(...piece.childNodes);
  };

  /* A mail that can't be shown leaves the last good one where it is. */
  const renew = (html) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    for (const piece of fresh.content.querySelectorAll("[data-live]")) {
      const older = document.getElementById(piece.id);
      if (!older) {
        look.querySelector(".panels").append(piece);
      } else if (older.innerHTML !== piece.innerHTML) {
        replace(older, piece);
      }
    }
    for (const source of form.querySelectorAll("textarea.source")) {
      const problems = document.getElementById(`problems-${source.name}`);
      source.setAttribute("aria-invalid", String(problems.childElementCount > 0));
    }
  };

  const refresh = async () => {
    running?.abort();
    running = new AbortController();
    const body = new FormData(form);
    body.set("do", "preview");
    body.set("fragment", "1");
    try {
      const response = await fetch(form.action, { method: "POST", body, signal: running.signal });
      // A session that has ended leads to the log-in.
      stale.hidden = response.ok && !response.redirected;
      if (stale.hidden) renew(await response.text());
    } catch (error) {
      stale.hidden = error.name === "AbortError";
    }
  };

  const changed = (event) => {
    // Which view is chosen concerns the page alone.
    if (event.target.closest(".views")) return;
    typed = true;
    clearTimeout(timer);
    timer = setTimeout(refresh, WAIT);
  };

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => { typed = false; });
  addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
})();
