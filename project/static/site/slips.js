// Asks "Did you mean ann@gmail.com?" while somebody types. The rule is that of
// mailcenter/flows/slips.py, the table comes from there; the server asks where this doesn't run.
"use strict";

(() => {
  // Whoever is still typing "gmail.co" has made no slip yet.
  const PAUSE = 700; // milliseconds
  // A question that comes up while the button is being pressed has not been read.
  const READING = 1000; // milliseconds
  const { known, neighbours, often, long } = JSON.parse(
    document.getElementById("slips").textContent,
  );
  const field = document.querySelector("input[name=email]");
  const kept = document.querySelector("input[name=kept_address]");
  const question = field.parentElement.querySelector(".slip");
  const shown = question.querySelector("strong");
  const take = question.querySelector("button");
  let askedAt = 0;
  let timer;

  function oneSlip(typed, right) {
    let start = 0;
    while (start < Math.min(typed.length, right.length) && typed[start] === right[start]) start++;
    const a = typed.slice(start);
    const b = right.slice(start);
    if (!a && !b) return false;
    return (
      a.slice(1) === b ||
      a === b.slice(1) ||
      a.slice(1) === b.slice(1) ||
      (a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2))
    );
  }

  function parts(domain) {
    const dot = domain.indexOf(".");
    return dot < 0 ? [domain, ""] : [domain.slice(0, dot), domain.slice(dot + 1)];
  }

  function isSlip(typed, right) {
    if (typed.replaceAll(".", "") === right.replaceAll(".", "")) return true;
    const [name, rest] = parts(typed);
    const [rightName, rightRest] = parts(right);
    if (name === rightName) return oneSlip(rest, rightRest);
    return rest === rightRest && rightName.length >= long && oneSlip(name, rightName);
  }

  function meant(address) {
    const at = address.lastIndexOf("@");
    const local = address.slice(0, Math.max(at, 0));
    const typed = address.slice(at + 1).toLowerCase();
    if (!local || !typed || known.includes(typed) || neighbours.includes(typed)) return "";
    const near = Object.hasOwn(often, typed)
      ? often[typed]
      : known.find((right) => isSlip(typed, right));
    return near ? `${local}@${near}` : "";
  }

  function ask() {
    const address = field.value.trim();
    const answer = meant(address);
    if (answer && (question.hidden || shown.textContent !== answer)) askedAt = Date.now();
    question.hidden = !answer;
    shown.textContent = take.value = answer;
    // Asked once: the server takes it as it is now.
    if (answer) kept.value = address;
    return answer;
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (!meant(field.value.trim())) question.hidden = true;
    timer = setTimeout(ask, PAUSE);
  });
  field.addEventListener("blur", ask);
  take.addEventListener("click", (event) => {
    event.preventDefault();
    field.value = take.value;
    question.hidden = true;
    field.focus();
  });
  field.form.addEventListener("submit", (event) => {
    const asked = kept.value === field.value.trim();
    // Held here, the passwords need not be typed again.
    if (ask() && !(asked && Date.now() - askedAt > READING)) {
      event.preventDefault();
      field.focus();
    }
  });
})();
