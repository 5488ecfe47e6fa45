// Where the focus is after a part of the page was replaced, and rows that lead where their name leads.
let focusedWithin = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  focusedWithin = event.detail.target.contains(document.activeElement) ? event.detail.target.id : null;
});

// htmx keeps the focus on what has an id in both. Otherwise it would fall back to the top of the page.
document.addEventListener("htmx:afterSettle", () => {
  const part = focusedWithin && document.getElementById(focusedWithin);
  focusedWithin = null;
  if (!part || document.activeElement !== document.body) return;
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
});

// A table that is wider than its card is scrolled: by keyboard too.
function markScrolled() {
  for (const table of document.querySelectorAll(".table-scroll, pre")) {
    if (table.scrollWidth > table.clientWidth) {
      table.tabIndex = 0;
      if (!table.hasAttribute("role")) table.setAttribute("role", "group");
      if (!table.hasAttribute("aria-label")) table.setAttribute("aria-label", "Wider than the page: scroll sideways");
    } else {
      table.removeAttribute("tabindex");
    }
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("a, button, input, select, textarea, label, summary, details") || getSelection().toString()) return;
  event.target.closest("tbody tr")?.querySelector("td:first-child a.name")?.click();
});
for (const replaced of ["htmx:afterSwap", "htmx:load", "htmx:sseMessage"]) document.addEventListener(replaced, markScrolled);
addEventListener("resize", markScrolled);
markScrolled();
