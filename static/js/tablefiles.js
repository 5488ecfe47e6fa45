// CSV and JSON of the tables of a page that are there as a whole. Lists that are paged have files of the server (dashboard/exports.py).
const formulaStarts = /^(?:[=+@\t\r]|-(?!\d*\.?\d+$))/; // to a spreadsheet it is a formula; a negative number is none
let focusedFile = null;

function cellText(cell) {
  const time = cell.querySelector("time[datetime]");
  return time ? time.dateTime : cell.innerText.trim().replace(/\s*\n\s*/g, "; ");
}

function tableRows(table) {
  const names = [...table.querySelectorAll("thead th")].map((head) => head.innerText.trim().toLowerCase());
  const kept = names.map((name, place) => [name, place]).filter(([name]) => name && name !== "actions");
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => kept.map(([, place]) => (row.cells[place] ? cellText(row.cells[place]) : "")));
  return { names: kept.map(([name]) => name), rows };
}

function csvCell(text) {
  const safe = formulaStarts.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const tableFormats = {
  csv: ["text/csv", ({ names, rows }) => [names, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("")],
  json: ["application/json", ({ names, rows }) => JSON.stringify(rows.map((row) => Object.fromEntries(names.map((name, place) => [name, row[place]]))), null, 1)],
};

function saveTable(button) {
  const card = button.closest(".card");
  const [type, write] = tableFormats[button.dataset.format];
  const url = URL.createObjectURL(new Blob([write(tableRows(card.querySelector(".table-scroll > table")))], { type }));
  const title = card.querySelector("h2")?.textContent.trim().toLowerCase().replace(/[^a-z0-9]+/g, "-") ?? "table";
  Object.assign(document.createElement("a"), { href: url, download: `${title}.${button.dataset.format}` }).click();
  URL.revokeObjectURL(url);
}

function fileButton(format, title, place) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: format.toUpperCase() });
  button.id = `table-file-${place}-${format}`;
  button.dataset.action = "table-file";
  button.dataset.format = format;
  button.setAttribute("aria-label", `Save ${title} as ${format.toUpperCase()}`);
  return button;
}

function offerFiles() {
  for (const [place, table] of document.querySelectorAll("main .card > .table-scroll > table").entries()) {
    const card = table.closest(".card");
    const header = card.querySelector(":scope > header");
    if (!header || card.querySelector(".exports, .pager")) continue;
    const title = header.querySelector("h2")?.textContent.trim() ?? "the table";
    const offer = Object.assign(document.createElement("span"), { className: "exports" });
    offer.append(fileButton("csv", title, place), fileButton("json", title, place));
    header.append(offer);
  }
  if (focusedFile) document.getElementById(focusedFile)?.focus({ preventScroll: true });
  focusedFile = null;
}

// A part of the page that is replaced every few seconds takes its buttons along, and the focus with them.
document.addEventListener("htmx:beforeSwap", () => {
  const { activeElement } = document;
  focusedFile = activeElement?.dataset.action === "table-file" ? activeElement.id : null;
});

actions["table-file"] = saveTable;
for (const drawn of ["htmx:afterSwap", "htmx:load", "htmx:sseMessage"]) document.addEventListener(drawn, offerFiles);
offerFiles();
