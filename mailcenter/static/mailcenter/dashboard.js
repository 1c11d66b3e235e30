/* The chart, and the page follows what happens. Without this file there is a table in place of the
   chart, and the page shows what was so when it was opened. */
"use strict";

(() => {
  const EVERY = 10000; // milliseconds
  const REMEMBERED = "mailcenter.live"; // the list of messages remembers the same
  const canvas = document.getElementById("chart");
  const bars = document.getElementById("bars");
  const chosen = document.getElementById("live-switch");
  const stale = document.getElementById("live-stale");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /* The chart shows what the table says. */
  const fromTable = () => {
    const rows = [...bars.rows];
    return {
      labels: rows.map((row) => row.cells[0].textContent),
      ticks: rows.map((row) => row.dataset.tick),
      // What is 0 gets no bar; what is little gets one that can be seen.
      counts: [1, 2].map((cell) => rows.map((row) => Number(row.cells[cell].dataset.count) || null)),
    };
  };

  const colour = (name) => getComputedStyle(canvas).getPropertyValue(`--${name}`).trim();

  /* Told apart without colours too. */
  const hatched = (ink) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const pen = tile.getContext("2d");
    pen.strokeStyle = ink;
    pen.lineWidth = 2;
    for (const x of [-6, 0, 6]) {
      pen.moveTo(x, 6);
      pen.lineTo(x + 6, 0);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  };

  const looks = () => [
    { backgroundColor: colour("good") },
    { backgroundColor: hatched(colour("bad")), borderColor: colour("bad") },
  ];

  const draw = () => {
    const words = [...bars.closest("table").tHead.rows[0].cells].map((cell) => cell.textContent);
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
    const color = () => colour("ink");
    const { labels, ticks, counts } = fromTable();
    const whole = { categoryPercentage: 0.9, barPercentage: 0.9 };
    const outlined = { borderWidth: 1, borderSkipped: false, minBarLength: 3 };
    return new Chart(canvas, {
      type: "bar",
      data: {
        labels,
        ticks,
        datasets: [
          { label: words[1], data: counts[0], ...whole, ...looks()[0] },
          { label: words[2], data: counts[1], ...whole, ...outlined, ...looks()[1] },
        ],
      },
      options: {
        locale: document.documentElement.lang,
        maintainAspectRatio: false,
        animation: still ? false : { duration: 300 },
        interaction: { mode: "index", intersect: false },
        scales: {
          x: {
            stacked: true,
            grid: { display: false },
            border: { color: () => colour("grid") },
            afterBuildTicks: (axis) => {
              axis.ticks = axis.ticks.filter(({ value }) => axis.chart.data.ticks[value]);
            },
            ticks: {
              font, color, autoSkipPadding: 16, maxRotation: 0,
              callback(value) {
                return this.chart.data.ticks[value];
              },
            },
          },
          y: {
            stacked: true,
            suggestedMax: 5,
            grid: { color: () => colour("grid") },
            border: { display: false },
            ticks: { font, color, precision: 0, maxTicksLimit: 5 },
          },
        },
        plugins: {
          colors: { enabled: false },
          legend: {
            align: "end",
            onClick: null,
            labels: { font, color, boxWidth: 14, boxHeight: 14 },
          },
        },
      },
    });
  };

  canvas.parentElement.hidden = false;
  const chart = draw();
  const repaint = () => {
    looks().forEach((look, number) => Object.assign(chart.data.datasets[number], look));
    chart.update();
  };
  const redraw = () => {
    const { labels, ticks, counts } = fromTable();
    Object.assign(chart.data, { labels, ticks });
    counts.forEach((data, number) => {
      chart.data.datasets[number].data = data;
    });
    chart.update();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  new MutationObserver(repaint).observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });

  chosen.checked = localStorage.getItem(REMEMBERED) !== "off";
  chosen.addEventListener("change", () => {
    localStorage.setItem(REMEMBERED, chosen.checked ? "on" : "off");
  });
  chosen.closest("p").hidden = false;

  const quiet = () => document.hidden || !chosen.checked || !getSelection().isCollapsed;

  /* What somebody moves through stays as it is. */
  const inUse = (part) => part.contains(document.activeElement);

  /* What grows or shrinks above must not move what is looked at: the first card that begins in
     view, or, where there is none, the one that fills it. */
  const keepPlace = (change) => {
    const top = (card) => card.getBoundingClientRect().top;
    const cards = [...document.querySelectorAll(".overview section")];
    const looked =
      cards.find((card) => top(card) >= 0 && top(card) < innerHeight) ??
      cards.find((card) => card.getBoundingClientRect().bottom > 0);
    const before = looked && top(looked);
    change();
    if (looked && scrollY > 0) scrollBy(0, top(looked) - before);
  };

  const renew = (html) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    // Who may not see it any more gets another page.
    if (!fresh.content.getElementById(bars.id)) throw new Error("no figures");
    keepPlace(() => {
      for (const part of document.querySelectorAll("[data-live]")) {
        const newer = fresh.content.getElementById(part.id);
        if (newer && !inUse(part) && newer.innerHTML !== part.innerHTML) {
          part.replaceChildren(...newer.childNodes);
        }
      }
    });
    redraw();
  };

  const refresh = async () => {
    if (!quiet()) {
      const address = new URL(location.href);
      address.searchParams.set("_live", "1");
      try {
        const response = await fetch(address);
        // A session that has ended leads to the log-in.
        if (response.redirected || !response.ok) throw new Error(response.status);
        const html = await response.text();
        if (!quiet()) renew(html);
        stale.textContent = "";
      } catch {
        stale.textContent = stale.dataset.words;
      }
    }
    setTimeout(refresh, EVERY);
  };
  setTimeout(refresh, EVERY);
})();
