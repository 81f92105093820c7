// The drawn model: boxes coloured by relevance to the picked output, and what is known of the box pointed at.
"use strict";

// Viridis at equal distances (van der Walt and Smith 2015), readable for the colour-blind.
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137],
  [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37]];
const MOST = Math.log(10);  // a loss ten times as high, or higher, has the last colour

function colourOf(ratio) {
  const share = Math.min(1, Math.max(0, Math.log(ratio) / MOST)) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(share), VIRIDIS.length - 2);
  return VIRIDIS[low].map((value, i) => Math.round(value + (share - low) * (VIRIDIS[low + 1][i] - value)));
}

function paintScale(scale) {
  const stops = VIRIDIS.map(colour => `rgb(${colour.join()})`);
  scale.style.background = `linear-gradient(to right, ${stops.join()})`;
}

function paint(model, components, output) {
  for (const box of model.querySelectorAll(".box")) {
    const serves = box.dataset.serves.split(" ");
    const ratio = components[box.dataset.name].ratios[output];
    box.classList.toggle("away", !serves.includes(output));
    box.classList.toggle("picked", box.dataset.name === output);
    paintBox(box, ratio === undefined ? null : colourOf(ratio));
  }
  for (const arc of model.querySelectorAll(".arc")) {
    arc.classList.toggle("away", !arc.dataset.serves.split(" ").includes(output));
  }
  for (const halo of model.querySelectorAll(".halo")) {
    halo.classList.toggle("own", halo.dataset.own === output);
  }
}

function paintBox(box, colour) {
  box.querySelector("rect").style.fill = colour ? `rgb(${colour.join()})` : "";
  const light = colour && 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 130;
  for (const text of box.querySelectorAll("text")) {
    text.style.fill = colour ? (light ? "#000" : "#fff") : "";
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;  // text, never markup: names come from the run
  return made;
}

function listOf(lines) {
  const list = document.createElement("ul");
  list.append(...lines.map(line => element("li", line)));
  return list;
}

function tell(about, name, component) {
  const ratios = Object.entries(component.ratios).map(([output, ratio]) => `${output}: loss times ${ratio.toPrecision(3)}`);
  const parts = [element("h3", name), element("div", component.label), listOf(component.lines)];
  if (ratios.length) parts.push(element("strong", "Without what it has learnt"), listOf(ratios));
  parts.push(element("strong", "Findings"));
  const nothing = element("div", component.looked ? "none" : "not looked at yet");
  parts.push(component.findings.length ? listOf(component.findings) : nothing);
  about.replaceChildren(...parts);
}

function listen(model, components) {
  const about = model.querySelector(".about");
  for (const box of model.querySelectorAll(".box")) {
    const show = () => tell(about, box.dataset.name, components[box.dataset.name]);
    for (const event of ["mouseenter", "focus", "click"]) box.addEventListener(event, show);
  }
}
