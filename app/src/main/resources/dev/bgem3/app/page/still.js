"use strict";

{
  const picture = JSON.parse(document.getElementById("data").textContent);
  document.getElementById("about").textContent = `How ${picture.model} compares them, as shown by bgem3 explain.`;
  Bgem3Picture.draw(document.getElementById("picture"), picture);
  Bgem3Picture.limits([`The model read at most ${picture.max_length.toLocaleString("en")} tokens of a text.`,
    "The numbers are those of one run: other texts need another."], picture.outputs);
}
