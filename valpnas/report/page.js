// The page at work: which model and which output are picked.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const picked = { model: Object.keys(DATA.models)[0], output: DATA.outputs[0] };

function repaint() {
  for (const model of document.querySelectorAll(".model")) {
    model.hidden = model.dataset.model !== picked.model;
    if (!model.hidden) paint(model, DATA.models[picked.model], picked.output);
  }
  for (const button of document.querySelectorAll("button[data-output]")) {
    button.setAttribute("aria-pressed", String(button.dataset.output === picked.output));
  }
}

function drawCurves() {
  const place = document.getElementById("curves");
  if (!place) return;
  const figure = DATA.figures[`curves-${picked.model}`];
  place.hidden = !figure;
  document.getElementById("no-curves").hidden = Boolean(figure);
  if (figure) drawChart(place, figure);
}

function start() {
  document.querySelectorAll(".scale").forEach(paintScale);
  document.querySelectorAll("section.model").forEach(model => listen(model, DATA.models[model.dataset.model]));
  for (const button of document.querySelectorAll("button[data-output]")) {
    button.addEventListener("click", () => { picked.output = button.dataset.output; repaint(); });
  }
  const select = document.getElementById("model");
  if (select) {
    picked.model = select.value;
    select.addEventListener("change", () => { picked.model = select.value; repaint(); drawCurves(); });
  }
  const draw = () => { drawAll(DATA.figures); drawCurves(); };
  repaint();
  draw();
  DARK.addEventListener("change", draw);
}

start();
