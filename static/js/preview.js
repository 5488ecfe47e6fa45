// Asks who would get what at every pause in typing, and draws the answer on the map. Uses what charts.js draws with.
const question = document.getElementById("preview-question");
const previewMap = document.getElementById("preview-map");
const pause = 600; // ms without a key, before the responder is asked
let asking = null;

function askSoon(delay) {
  clearTimeout(asking);
  asking = setTimeout(() => htmx.trigger(question, "draftchange"), delay);
}

function isOfDraft(element) {
  return element.closest("#sheet") && !element.closest("#what-if") && element.name;
}

function countryText(country) {
  return [country.name, `${(100 * country.share).toFixed(1)} % of the queries`, ...country.served].join("<br>");
}

// Plotly paints numbers, so each colour has a band of the scale for itself; 0 is no address.
function bands() {
  const count = seriesCount + 1;
  const colours = [colour("unknown"), ...Array.from({ length: seriesCount }, (_, place) => colour(`series-${place}`))];
  return colours.flatMap((one, place) => [[place / count, one], [(place + 1) / count, one]]);
}

function served(country) {
  return country.colour === null ? 0 : country.colour + 1;
}

function countryAreas(countries) {
  return {
    type: "choropleth",
    locationmode: "country names",
    locations: countries.map((country) => country.name),
    z: countries.map(served),
    zmin: -0.5, zmax: seriesCount + 0.5,
    colorscale: bands(),
    showscale: false,
    text: countries.map(countryText),
    hovertemplate: "%{text}<extra></extra>",
    marker: { line: { color: colour("border-land"), width: 0.6 } },
  };
}

// A mark for each country: of small ones it is all that can be seen.
function countryMarks(countries) {
  const colours = countries.map((country) => (country.colour === null ? colour("unknown") : colour(`series-${country.colour}`)));
  return marks(countries, { size: 5, color: colours, line: { width: 1, color: colour("surface") } }, countryText);
}

function drawPreview() {
  const said = document.getElementById("preview-figures");
  previewMap.hidden = !said;
  if (!said) return;
  const { countries } = JSON.parse(said.textContent);
  const layout = frame({ geo: geography(), margin: { l: 0, r: 0, t: 4, b: 4 } });
  Plotly.newPlot(previewMap, [countryAreas(countries), countryMarks(countries)], layout, config);
}

document.addEventListener("input", (event) => {
  if (isOfDraft(event.target)) askSoon(pause);
});
question.addEventListener("change", () => askSoon(0));
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id === "sheet") askSoon(0);
  if (event.detail.elt.id === "preview") drawPreview();
});
document.documentElement.addEventListener("themechange", drawPreview);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPreview);
question.hidden = false;
