// The charts: drawn by the chart library from the page's data, in the colours of the page.
"use strict";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

function themed(layout) {
  const style = getComputedStyle(document.documentElement);
  const [text, line] = ["--text", "--line"].map(name => style.getPropertyValue(name).trim());
  const made = structuredClone(layout);
  for (const key of Object.keys(made)) {
    if (/^[xy]axis\d*$/.test(key)) {
      made[key] = { gridcolor: line, zerolinecolor: line, linecolor: line, ...made[key] };
    }
  }
  return {
    ...made, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
    font: { color: text, family: "system-ui, sans-serif", size: 13 },
  };
}

async function drawChart(place, figure) {
  place.dataset.drawn = "";
  await Plotly.react(place, structuredClone(figure.data), themed(figure.layout), { responsive: true, displaylogo: false });
  place.dataset.drawn = "yes";
}

// One after the other, with a breath between: the page can be read and used while later charts are being drawn.
async function drawAll(places, figures) {
  for (const place of places) {
    await new Promise(next => requestAnimationFrame(() => setTimeout(next)));
    await drawChart(place, figures[place.dataset.figure]);
  }
}
