// Draws latency and availability over time from the JSON of the card, with the frame and colours of charts.js.
function historyAxes(more) {
  const axis = { gridcolor: colour("line"), zeroline: false, fixedrange: true, tickcolor: colour("line") };
  return frame({
    margin: { l: 54, r: 8, t: 6, b: 24 },
    hovermode: "x unified",
    xaxis: { ...axis, type: "date", showgrid: false, nticks: 5, hoverformat: "%a %H:%M" },
    yaxis: { ...axis, nticks: 5, ...more },
  });
}

// A minute alone between two gaps is a mark: a line of one point would be none.
function historyLine(series, index, times, figure, dash, name, hovertemplate) {
  const line = colour(`series-${index % seriesCount}`);
  const alone = series[figure].map((value, place, all) => (value !== null && (all[place - 1] ?? null) === null && (all[place + 1] ?? null) === null ? 4 : 0));
  return {
    type: "scatter", mode: "lines+markers", name, x: times, y: series[figure], hovertemplate,
    line: { width: 1.5, color: line, dash }, marker: { size: alone, color: line, line: { width: 0 } },
  };
}

function drawHistoryLatency(element, panel, times) {
  const traces = panel.flatMap((series, index) => [
    historyLine(series, index, times, "p50_ms", "solid", `${series.vantage} p50`, "%{y:.1f} ms"),
    historyLine(series, index, times, "p95_ms", "dot", `${series.vantage} p95`, "%{y:.1f} ms"),
  ]);
  return Plotly.react(element, traces, historyAxes({ rangemode: "tozero", ticksuffix: " ms" }), config);
}

function drawHistoryAvailability(element, panel, times) {
  const least = Math.min(1, ...panel.flatMap((series) => series.availability.filter((share) => share !== null)));
  const range = [least < 1 ? Math.max(-0.02, least - 0.1 * (1 - least) - 0.002) : 0.9, 1 + 0.04 * Math.max(1 - least, 0.1)];
  const traces = panel.map((series, index) => historyLine(series, index, times, "availability", "solid", series.vantage, "%{y:.2%}"));
  return Plotly.react(element, traces, historyAxes({ range, tickformat: "~%" }), config);
}

function drawHistory() {
  const shown = document.getElementById("history-figures");
  if (!shown) return;
  const { times, panels } = JSON.parse(shown.textContent);
  const local = chartTimes(times);
  for (const [kind, drawInto] of [["latency", drawHistoryLatency], ["availability", drawHistoryAvailability]]) {
    for (const element of document.querySelectorAll(`[data-history="${kind}"]`)) drawInto(element, panels[element.dataset.panel], local);
  }
}

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.querySelector?.("[data-history]")) drawHistory();
});
document.documentElement.addEventListener("themechange", drawHistory);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawHistory);
drawHistory();
