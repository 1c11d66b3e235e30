// Where the mail is, while the page is open; when another one may be sent; where else to look.
// Without this script the same stands on the page, as it was when the page was opened.
"use strict";

(() => {
  const FIRST = 2000; // milliseconds between two looks
  const SLOWEST = 30000;
  const SLOWER = 1.15;
  const status = document.getElementById("mail-status");
  let pause = FIRST;
  let last = status.textContent.trim();
  let timer;

  for (const element of document.querySelectorAll(".without-script")) element.hidden = true;

  // Times in the clock that hangs in this room.
  function localTimes() {
    for (const time of status.querySelectorAll("time")) {
      const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      time.textContent = new Date(time.dateTime).toLocaleTimeString(
        document.documentElement.lang,
        format,
      );
    }
  }

  function isFinal() {
    return status.querySelector("[data-final]") !== null;
  }

  function lookLater() {
    clearTimeout(timer);
    if (!document.hidden && !isFinal()) timer = setTimeout(look, pause);
  }

  async function look() {
    try {
      const response = await fetch(status.dataset.url, { credentials: "same-origin" });
      if (response.ok) {
        const words = await response.text();
        // Somebody who was logged out, or has confirmed in another tab, waits for nothing.
        if (!words) return;
        show(words);
      }
    } catch {
      // Offline for a moment: what stands there stays.
    }
    pause = Math.min(pause * SLOWER, SLOWEST);
    lookLater();
  }

  // Only what is new is put there: a screen reader reads it aloud.
  function show(words) {
    const next = document.createElement("template");
    next.innerHTML = words;
    const said = next.content.textContent.trim();
    if (said === last) return;
    last = said;
    status.replaceChildren(next.content);
    localTimes();
  }

  function countDown() {
    const line = document.querySelector(".wait");
    const button = document.querySelector(".resend");
    if (!line || !button) return;
    const end = Date.now() + Number(line.dataset.seconds) * 1000;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      button.disabled = left > 0;
      line.hidden = left <= 0;
      if (left <= 0) return;
      const minutes = left >= 60;
      const sentence = minutes ? line.dataset.inMinutes : line.dataset.inSeconds;
      line.textContent = sentence.replace("%(number)s", minutes ? Math.ceil(left / 60) : left);
      setTimeout(tick, 1000);
    };
    tick();
  }

  function hintLater() {
    const hint = document.querySelector(".junk");
    const seconds = Number(hint.dataset.shownIn);
    hint.hidden = seconds > 0;
    if (seconds > 0) setTimeout(() => (hint.hidden = false), seconds * 1000);
  }

  document.addEventListener("visibilitychange", () => {
    pause = FIRST;
    lookLater();
  });
  localTimes();
  countDown();
  hintLater();
  lookLater();
})();
