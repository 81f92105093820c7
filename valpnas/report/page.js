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

function pickCurves() {
  const place = document.getElementById("curves");
  place.dataset.figure = `curves-${picked.model}`;
  place.hidden = !(place.dataset.figure in DATA.figures);
  document.getElementById("no-curves").hidden = !place.hidden;
}

function draw(places) {
  return drawAll([...places].filter(place => !place.hidden), DATA.figures);
}

function start() {
  document.querySelectorAll(".scale").forEach(paintScale);
  document.querySelectorAll("section.model").forEach(model => listen(model, DATA.models[model.dataset.model]));
  for (const button of document.querySelectorAll("button[data-output]")) {
    button.addEventListener("click", () => { picked.output = button.dataset.output; repaint(); });
  }
  const select = document.getElementById("model");
  picked.model = select.value;
  select.addEventListener("change", () => {
    picked.model = select.value;
    repaint();
    pickCurves();
    draw([document.getElementById("curves")]);
  });
  repaint();
  pickCurves();
  const charts = document.querySelectorAll(".chart");
  draw(charts);
  DARK.addEventListener("change", () => draw(charts));
}

start();
