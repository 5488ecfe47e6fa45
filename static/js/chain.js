// Moves the rows of a policy's form by dragging their grips, keeps the focus with a row that is moved by its buttons,
// and says each move to who cannot see it. The server draws the form: a drop sends what a button would.
let moving = null; // what a button or a drop has asked for, until the form is drawn again
let drag = null;

function rowsOf(list) {
  return [...list.children].filter((row) => row.matches(".row"));
}

function clearMarks(list) {
  for (const row of rowsOf(list)) row.classList.remove("dragged", "drop-before", "drop-after");
}

// The place that the row would have if it were dropped at this height.
function targetPlace(rows, from, y) {
  const others = rows.filter((_row, place) => place !== from);
  return others.filter((row) => {
    const box = row.getBoundingClientRect();
    return y > box.top + box.height / 2;
  }).length;
}

function markTarget() {
  clearMarks(drag.list);
  const rows = rowsOf(drag.list);
  rows[drag.from].classList.add("dragged");
  if (drag.to < drag.from) rows[drag.to].classList.add("drop-before");
  if (drag.to > drag.from) rows[drag.to].classList.add("drop-after");
}

function startDrag(event) {
  const grip = event.target.closest("[data-drag]");
  if (!grip || event.button !== 0) return;
  event.preventDefault();
  const list = grip.closest("[data-rows]");
  const from = rowsOf(list).indexOf(grip.closest(".row"));
  grip.setPointerCapture(event.pointerId);
  drag = { list, from, to: from };
  markTarget();
}

const edge = 60; // from here on the page scrolls along, so that a long chain can be dragged through

function moveDrag(event) {
  if (!drag) return;
  if (event.clientY < edge) scrollBy(0, -12);
  if (event.clientY > innerHeight - edge) scrollBy(0, 12);
  drag.to = targetPlace(rowsOf(drag.list), drag.from, event.clientY);
  markTarget();
}

function endDrag() {
  if (!drag) return;
  const { list, from, to } = drag;
  drag = null;
  clearMarks(list);
  if (from === to) return;
  const sheet = document.getElementById("sheet");
  const draft = `${list.dataset.rows}:move:${from}_${to}`;
  moving = movement(draft);
  htmx.ajax("POST", "", { source: sheet, target: "#sheet", select: "#sheet", swap: "outerHTML", values: { draft } });
}

function cancelDrag() {
  if (!drag) return;
  clearMarks(drag.list);
  drag = null;
}

// What an action of a button does to whom, and where the row will be.
function movement(draft) {
  const [prefix, verb, argument] = draft.split(":");
  const list = document.querySelector(`[data-rows="${prefix}"]`);
  if (!list) return null;
  const rows = rowsOf(list);
  const [from, target] = argument.split("_").map(Number);
  const steps = { up: from - 1, down: from + 1, move: target, duplicate: from + 1, begin: rows.length, remove: from };
  return { prefix, verb, to: steps[verb], who: verb === "begin" ? argument : rows[from]?.dataset.who };
}

function said({ verb, who, to }, count) {
  const place = `place ${to + 1} of ${count}`;
  const words = { duplicate: `${who} is duplicated: ${place}.`, begin: `${who} is added: ${place}.`, remove: `${who} is removed.` };
  return words[verb] ?? `${who} is moved to ${place}.`;
}

// The same button of the row at its new place; of a row at the end, the one that still does something.
function focusOn({ prefix, verb, to }, count) {
  const ids = {
    up: ["up", "down"], down: ["down", "up"], move: ["up", "down"], duplicate: ["duplicate"], remove: ["remove"], begin: ["duplicate"],
  }[verb] ?? [];
  const place = Math.min(to, count - 1);
  const buttons = ids.map((id) => document.getElementById(`${prefix}-${place}-${id}`));
  const found = buttons.find((button) => button && !button.disabled) ?? document.getElementById(`${prefix}-add`);
  if (verb === "begin") found?.closest(".row")?.scrollIntoView({ block: "nearest" });
  found?.focus({ preventScroll: verb === "move" });
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const button = event.detail.elt;
  if (button.name === "draft") moving = movement(button.value);
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "sheet" || !moving) return;
  const moved = moving;
  moving = null;
  const list = document.querySelector(`[data-rows="${moved.prefix}"]`);
  const count = rowsOf(list).length;
  document.getElementById("announcement").textContent = said(moved, count);
  focusOn(moved, count);
});

document.addEventListener("pointerdown", startDrag);
document.addEventListener("pointermove", moveDrag);
document.addEventListener("pointerup", endDrag);
document.addEventListener("pointercancel", cancelDrag);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") cancelDrag();
});
