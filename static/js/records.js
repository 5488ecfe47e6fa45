// The table of a zone's record sets: what is selected, and the keys of a row that is edited in place.
const chosen = () => document.querySelectorAll('#record-rows input[name="key"]:checked');

function showSelection() {
  const bar = document.getElementById("bulk");
  const all = document.getElementById("all");
  const page = document.getElementById("pick-page");
  const rows = document.querySelectorAll('#record-rows input[name="key"]');
  const count = chosen().length;
  bar.hidden = count === 0;
  if (bar.hidden && all) all.checked = false;
  bar.querySelector(".chosen").textContent = all?.checked ? "Selected:" : `${count} selected`;
  page.checked = count > 0 && count === rows.length;
  page.indeterminate = count > 0 && count < rows.length;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "pick-page") {
    for (const box of document.querySelectorAll('#record-rows input[name="key"]')) box.checked = event.target.checked;
  }
  if (event.target.matches('#pick-page, #all, input[name="key"]')) showSelection();
});

document.addEventListener("htmx:afterSettle", showSelection);
addEventListener("pageshow", showSelection); // a browser that comes back remembers what was ticked

document.addEventListener("click", (event) => {
  if (event.target.closest('[data-cancel="remove"]')) leave(event.target.closest("tr"));
});

document.addEventListener("keydown", (event) => {
  const row = event.target.closest("[data-editing]");
  if (!row || event.isComposing) return;
  if (event.key === "Escape") {
    event.preventDefault();
    row.querySelector("[data-cancel]").click();
  } else if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

function leave(row) {
  row.remove();
  document.querySelector("[data-add]").focus();
}

// Whoever works by keyboard goes on where they were: at the row that was just edited.
let left = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const row = event.detail.target;
  left = row?.matches?.("tr[data-editing]") ? { before: row.previousElementSibling, body: row.parentElement } : null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!left || document.querySelector("[data-editing]")) return;
  const row = left.before ? left.before.nextElementSibling : left.body.firstElementChild;
  (row?.querySelector("[data-edit]") ?? document.querySelector("[data-add]")).focus();
  left = null;
});
