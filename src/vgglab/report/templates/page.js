// Everything can be read without this: it opens what a link leads to, and all tables at once, for printing too.
"use strict";
(() => {
  const all = Array.from(document.querySelectorAll("main details"));
  const open = (wanted) => all.forEach((part) => { part.open = wanted; });
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details");
    if (folded) folded.open = true;
  };
  const button = document.getElementById("unfold");
  if (button && all.length) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const wanted = button.getAttribute("aria-pressed") !== "true";
      open(wanted);
      button.setAttribute("aria-pressed", String(wanted));
    });
  }
  const narrow = window.matchMedia("(max-width: 60rem)");
  const contents = document.querySelector("nav details");
  if (contents && narrow.matches) contents.open = false;
  addEventListener("hashchange", reveal);
  reveal();
})();
