/* The list follows what happens. Without this file it shows what was so when it was opened. */
"use strict";

(() => {
  const EVERY = 5000; // milliseconds
  const REMEMBERED = "mailcenter.live";
  const live = document.getElementById("live");
  const chosen = document.getElementById("live-switch");
  const stale = document.getElementById("live-stale");
  let shown = "";
  let known = true;

  chosen.checked = localStorage.getItem(REMEMBERED) !== "off";
  chosen.addEventListener("change", () => {
    localStorage.setItem(REMEMBERED, chosen.checked ? "on" : "off");
  });
  chosen.closest("p").hidden = false;

  /* Whoever reads, selects or moves through the rows must find them where they were. */
  const inUse = () =>
    document.hidden ||
    !chosen.checked ||
    live.contains(document.activeElement) ||
    live.querySelector(".action-select:checked") !== null ||
    [...live.querySelectorAll("select")].some((each) => each.value !== "") ||
    !getSelection().isCollapsed;

  const keyOf = (row) => row.querySelector("a")?.pathname;
  const rows = () => [...live.querySelectorAll("#result_list tbody tr")];

  /* At the top of the list new rows come into view; further down the row that is looked at
     stays where it is. */
  const keepPlace = (change) => {
    const across = live.querySelector(".results")?.scrollLeft ?? 0;
    const looked = rows().find((row) => row.getBoundingClientRect().bottom > 0);
    const moved = live.getBoundingClientRect().top < 0 ? looked : undefined;
    const top = moved?.getBoundingClientRect().top;
    change();
    const results = live.querySelector(".results");
    if (results) results.scrollLeft = across;
    const again = moved && rows().find((row) => keyOf(row) === keyOf(moved));
    if (again) scrollBy(0, again.getBoundingClientRect().top - top);
  };

  const renew = (html) => {
    if (html === shown) return;
    shown = html;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    keepPlace(() => live.replaceChildren(fresh.content));
    known = false;
  };

  /* The admin's own script knows only the rows that it was given, and never lets go of them: it
     is given those that somebody touches. */
  const introduce = () => {
    const boxes = live.querySelectorAll("tr input.action-select");
    if (!known && boxes.length > 0) window.Actions?.(boxes);
    known = true;
  };
  live.addEventListener("click", introduce, { capture: true });

  const refresh = async () => {
    if (!inUse()) {
      const address = new URL(location.href);
      address.searchParams.set("_live", "1");
      try {
        const response = await fetch(address);
        // A session that has ended leads to the log-in.
        if (response.redirected || !response.ok) throw new Error(response.status);
        const html = await response.text();
        if (!inUse()) renew(html);
        stale.textContent = "";
      } catch {
        stale.textContent = stale.dataset.words;
      }
    }
    setTimeout(refresh, EVERY);
  };
  setTimeout(refresh, EVERY);
})();
