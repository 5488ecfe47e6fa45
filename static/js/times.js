// Shows times in the zone that the person chose. The server writes UTC; what it wrote stays as the title.
const showsUTC = document.documentElement.dataset.timeZone === "utc";
const zoneName = showsUTC ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
const momentParts = new Intl.DateTimeFormat("en-GB", {
  timeZone: zoneName, hourCycle: "h23", timeZoneName: "short",
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

function momentText(date) {
  const part = Object.fromEntries(momentParts.formatToParts(date).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
}

function showTimes(within) {
  if (showsUTC) return;
  for (const element of within.querySelectorAll("time[datetime]")) {
    if (element.dataset.zone) continue;
    element.dataset.zone = zoneName;
    const text = momentText(new Date(element.dateTime));
    if ("moment" in element.dataset) {
      element.title = element.textContent;
      element.textContent = text;
    } else {
      element.title = `${text}, ${element.title}`;
    }
  }
}

// Ages go on while a page stands open: "3 s ago" is said anew every few seconds, by the server's clock. What is read out
// when it changes stays as it is.
const AGE_UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
const AGES_MS = 5_000;
const STEADY = '[aria-live]:not([aria-live="off"]), [role="alert"], [role="status"], [role="log"]';
const aheadOfServerMs = Date.now() - Date.parse(document.documentElement.dataset.now);

function inUnits(seconds) {
  const unit = AGE_UNITS.find(([length]) => seconds >= length);
  return unit && `${Math.floor(seconds / unit[0])} ${unit[1]}`;
}

function showAges() {
  const now = Date.now() - (Number.isNaN(aheadOfServerMs) ? 0 : aheadOfServerMs);
  for (const element of document.querySelectorAll("time[data-age], time[data-ahead]")) {
    const gone = (now - Date.parse(element.dateTime)) / 1000;
    const words = "age" in element.dataset ? inUnits(gone) : inUnits(-gone);
    const text = words ? ("age" in element.dataset ? `${words} ago` : `in ${words}`) : "now";
    if (element.textContent !== text && !element.closest(STEADY)) element.textContent = text;
  }
}

// What plotly draws on a time axis: it shows a Date as the browser's time, and a text as it stands.
function chartTimes(times) {
  return times.map((time) => (showsUTC ? new Date(time).toISOString().slice(0, 19) : new Date(time)));
}

document.addEventListener("htmx:load", (event) => showTimes(event.detail.elt));
document.addEventListener("htmx:sseMessage", (event) => showTimes(event.target));
showTimes(document);
setInterval(showAges, AGES_MS);
