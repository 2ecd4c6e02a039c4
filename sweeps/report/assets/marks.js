/* How settings are told apart: Okabe and Ito's colours, dashes and markers. 7, 4 and 5 have no common factor, so that two
   settings that share a colour share neither dash nor marker, and the first 140 are all different. */

const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999"];
const DASHES = [[], [7, 3], [2, 2], [8, 3, 2, 3]];
const EDGES = ["solid", "dashed", "dotted", "double"];
const MARKERS = [
  ["circle", "M16 4a4 4 0 1 0 .01 0z"], ["square", "M12.5 4.5h7v7h-7z"], ["diamond", "M16 3l5 5-5 5-5-5z"],
  ["triangle-up", "M16 3l5 9H11z"], ["x", "M12 5.5L13.5 4 16 6.5 18.5 4 20 5.5 17.5 8 20 10.5 18.5 12 16 9.5 13.5 12 12 10.5 14.5 8z"],
];
const colourOf = (setting) => COLOURS[setting % COLOURS.length];
const dashOf = (setting) => DASHES[setting % DASHES.length];
const edgeOf = (setting) => EDGES[setting % EDGES.length];
const symbolOf = (setting) => MARKERS[setting % MARKERS.length][0];

/** A setting's line and marker, as wide as two letters. */
function markOf(setting) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const part = (attributes) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    made.append(path);
  };
  made.setAttribute("viewBox", "0 0 32 16");
  made.setAttribute("class", "mark");
  made.setAttribute("aria-hidden", "true");
  part({ d: "M0 8h32", stroke: colourOf(setting), "stroke-width": 2.5, "stroke-dasharray": dashOf(setting).join(" ") || "none" });
  part({ d: MARKERS[setting % MARKERS.length][1], fill: colourOf(setting) });
  return made;
}
