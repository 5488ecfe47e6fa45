// Draws the page on latency from its JSON, with the frame, colours and configuration of charts.js.
const learned = figures.latency;
const axis = () => ({ gridcolor: colour("line"), zeroline: false, fixedrange: true, tickcolor: colour("line") });

function servedMarks(place) {
  const countries = learned.countries.filter((country) => country.region === place);
  const most = Math.max(1, ...learned.countries.map((country) => country.clients));
  const size = countries.map((country) => 6 + 22 * Math.sqrt(country.clients / most));
  const marker = { size, color: colour(`series-${place % seriesCount}`), opacity: 0.62, line: { width: 0 } };
  return marks(countries, marker, (country) =>
    [country.name, ...country.served.map(([region, clients]) => `${clients} from ${learned.regions[region].name}`)].join("<br>"));
}

function servingRegions() {
  const color = learned.regions.map((_region, place) => colour(`series-${place % seriesCount}`));
  const marker = { size: 11, symbol: "diamond", color, line: { width: 1.5, color: colour("text") } };
  return {
    ...marks(learned.regions, marker, (region) => `region ${region.name}`),
    mode: "markers+text",
    texttemplate: learned.regions.map((region) => region.name),
    textposition: "top center",
    textfont: { size: 11, weight: 600, color: colour("text") },
  };
}

function drawServed(element) {
  const geo = {
    projection: { type: "natural earth", rotation: { lon: 10, lat: 0 } },
    lonaxis: { range: [-170, 190] },
    lataxis: { range: [-56, 80] },
    showframe: false, showcoastlines: false, showcountries: true, showlakes: false, showland: true, showocean: false,
    landcolor: colour("land"), countrycolor: colour("border-land"), countrywidth: 0.6, bgcolor: "rgba(0,0,0,0)",
  };
  const traces = [...learned.regions.map((_region, place) => servedMarks(place)), servingRegions()];
  return Plotly.react(element, traces, frame({ geo, margin: { l: 0, r: 0, t: 4, b: 4 } }), config);
}

function drawDeciles(element) {
  const predicted = learned.deciles.map((decile) => decile.predicted_ms);
  const observed = learned.deciles.map((decile) => decile.observed_ms);
  const ends = [Math.min(...predicted, ...observed) / 1.15, Math.max(...predicted, ...observed) * 1.15];
  const title = (text) => ({ text, font: { size: 11, color: colour("muted") }, standoff: 6 });
  const scale = { ...axis(), type: "log", range: ends.map(Math.log10), dtick: "D2", tickformat: "~r" };
  const layout = frame({
    margin: { l: 48, r: 8, t: 6, b: 38 },
    xaxis: { ...scale, title: title("predicted ms") },
    yaxis: { ...scale, title: title("measured ms") },
  });
  const diagonal = { type: "scatter", mode: "lines", x: ends, y: ends, hoverinfo: "skip", line: { width: 1, dash: "dot", color: colour("muted") } };
  const deciles = {
    type: "scatter", mode: "lines+markers", x: predicted, y: observed, marker: { size: 7, color: colour("series-0") },
    line: { width: 1.5, color: colour("series-0") }, hovertemplate: "predicted %{x:.1f} ms<br>measured %{y:.1f} ms<extra></extra>",
  };
  return Plotly.react(element, [diagonal, deciles], layout, config);
}

function drawExplored(element) {
  const most = Math.max(0.005, ...learned.explored.map((point) => point.share)); // hardly anybody should look like it
  const layout = frame({
    margin: { l: 46, r: 6, t: 6, b: 24 },
    hovermode: "x unified",
    xaxis: { ...axis(), type: "date", showgrid: false, nticks: 4, tickformat: "%H:%M", hoverformat: "%H:%M" },
    yaxis: { ...axis(), range: [0, 1.15 * most], nticks: 4, tickformat: ".1%" },
  });
  const shares = {
    type: "scatter", mode: "lines", fill: "tozeroy", x: chartTimes(learned.explored.map((point) => point.time)),
    y: learned.explored.map((point) => point.share), line: { width: 1.5, color: colour("series-1") },
    fillcolor: colour("series-1").replace("rgb(", "rgba(").replace(")", ", 0.25)"), hovertemplate: "%{y:.2%}<extra></extra>",
  };
  return Plotly.react(element, [shares], layout, config);
}

function drawLearned() {
  for (const [id, drawInto] of [["served", drawServed], ["deciles", drawDeciles], ["explored", drawExplored]]) {
    const element = document.getElementById(id);
    if (element) drawInto(element);
  }
}

document.documentElement.addEventListener("themechange", drawLearned);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawLearned);
drawLearned();
