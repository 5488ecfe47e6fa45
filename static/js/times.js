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

// What plotly draws on a time axis: it shows a Date as the browser's time, and a text as it stands.
function chartTimes(times) {
  return times.map((time) => (showsUTC ? new Date(time).toISOString().slice(0, 19) : new Date(time)));
}

document.addEventListener("htmx:load", (event) => showTimes(event.detail.elt));
document.addEventListener("htmx:sseMessage", (event) => showTimes(event.target));
showTimes(document);
