"use strict";

{
  const picture = JSON.parse(document.getElementById("data").textContent);
  document.getElementById("about").textContent = `What ${picture.model} makes of them, as bgem3 explain drew it.`;
  Bgem3Picture.draw(document.getElementById("picture"), picture);
  Bgem3Picture.limits([`The model read at most ${picture.max_length.toLocaleString("en")} tokens of a text.`,
    "The numbers are those of one run: other texts need another."], picture.outputs);
}
